@echo off
rem Starts HLS Converter. The first start makes the program's own environment in .venv; packaging\bootstrap.py does the work,
rem as it does for ./hls-converter. What it shows goes to standard error, so that --json has standard output for itself.
setlocal
set "ROOT=%~dp0"
set "VENV_PYTHON=%ROOT%.venv\Scripts\python.exe"

if not exist "%VENV_PYTHON%" goto set_up
"%VENV_PYTHON%" -S "%ROOT%packaging\bootstrap.py" --ready >nul 2>&1
if not errorlevel 1 goto run

:set_up
set "PYTHON="
if defined HLS_CONVERTER_PYTHON set PYTHON="%HLS_CONVERTER_PYTHON%"
if defined PYTHON goto bootstrap
for %%p in ("py -3" "python3" "python") do if not defined PYTHON (
    %%~p -c "import sys; sys.exit(sys.version_info < (3, 10))" >nul 2>&1 && set "PYTHON=%%~p"
)
if not defined PYTHON (
    echo HLS Converter needs Python 3.10 or newer. Install it from https://www.python.org/downloads/ and start again. 1>&2
    goto failed
)

:bootstrap
%PYTHON% "%ROOT%packaging\bootstrap.py" 1>&2
if errorlevel 1 goto failed

:run
"%VENV_PYTHON%" "%ROOT%hls_converter.py" %*
set "STATUS=%ERRORLEVEL%"
goto end

:failed
set "STATUS=1"

:end
rem double-clicked, there are no arguments, and the window with the message would be gone before anybody could read it
if not "%STATUS%"=="0" if "%~1"=="" pause
exit /b %STATUS%
