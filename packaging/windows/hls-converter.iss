; Inno Setup's instructions for the installer: ISCC.exe /DVersion=0.1.0 packaging\windows\hls-converter.iss
; It installs the folder dist\hls-converter for the user alone, without administrator's rights.

#ifndef Version
  #error Say which version: /DVersion=0.1.0
#endif
#define Name "HLS Converter"

[Setup]
AppId={{6C2B0B57-2D0E-4A52-9C8B-6D4C2B7E5F10}
AppName={#Name}
AppVersion={#Version}
VersionInfoVersion={#Version}
DefaultDirName={autopf}\{#Name}
DisableProgramGroupPage=yes
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
LicenseFile=..\..\LICENSE
OutputDir=..\..\dist
OutputBaseFilename=hls-converter-{#Version}-setup
SetupIconFile=..\..\build\icons\hls-converter.ico
UninstallDisplayIcon={app}\hls-converter-gui.exe
WizardStyle=modern
Compression=lzma2
SolidCompression=yes
ChangesAssociations=yes
CloseApplications=yes

[Tasks]
Name: "desktopicon"; Description: "{cm:CreateDesktopIcon}"; GroupDescription: "{cm:AdditionalIcons}"; Flags: unchecked

[InstallDelete]
; modules of an earlier version must not stay beside the new ones
Type: filesandordirs; Name: "{app}\_internal"

[Files]
Source: "..\..\dist\hls-converter\*"; DestDir: "{app}"; Flags: ignoreversion recursesubdirs createallsubdirs

[Icons]
Name: "{autoprograms}\{#Name}"; Filename: "{app}\hls-converter-gui.exe"
Name: "{autodesktop}\{#Name}"; Filename: "{app}\hls-converter-gui.exe"; Tasks: desktopicon

[Registry]
; "Open with" offers the program for videos; which program opens them by a double-click stays as it is
Root: HKA; Subkey: "Software\Classes\Applications\hls-converter-gui.exe"; ValueType: string; ValueName: "FriendlyAppName"; ValueData: "{#Name}"; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\Applications\hls-converter-gui.exe\shell\open\command"; ValueType: string; ValueData: """{app}\hls-converter-gui.exe"" ""%1"""
#define Suffix(str Ending) 'Root: HKA; Subkey: "Software\Classes\Applications\hls-converter-gui.exe\SupportedTypes"; ValueType: string; ValueName: "' + Ending + '"; ValueData: ""'
#emit Suffix(".mp4")
#emit Suffix(".mov")
#emit Suffix(".mkv")
#emit Suffix(".avi")
#emit Suffix(".webm")
#emit Suffix(".m4v")
#emit Suffix(".mpg")
#emit Suffix(".mpeg")
#emit Suffix(".mts")
#emit Suffix(".m2ts")
#emit Suffix(".ts")
#emit Suffix(".wmv")
#emit Suffix(".flv")
#emit Suffix(".ogv")
#emit Suffix(".mxf")

[Run]
Filename: "{app}\hls-converter-gui.exe"; Description: "{cm:LaunchProgram,{#Name}}"; Flags: nowait postinstall skipifsilent
