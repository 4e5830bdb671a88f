"""The names of the languages that Whisper knows, for people to read (OpenAI's Whisper, tokenizer.py)."""

from __future__ import annotations

_TABLE = (
    "af Afrikaans,am Amharic,ar Arabic,as Assamese,az Azerbaijani,ba Bashkir,be Belarusian,bg Bulgarian,bn Bengali,"
    "bo Tibetan,br Breton,bs Bosnian,ca Catalan,cs Czech,cy Welsh,da Danish,de German,el Greek,en English,"
    "es Spanish,et Estonian,eu Basque,fa Persian,fi Finnish,fo Faroese,fr French,gl Galician,gu Gujarati,ha Hausa,"
    "haw Hawaiian,he Hebrew,hi Hindi,hr Croatian,ht Haitian Creole,hu Hungarian,hy Armenian,id Indonesian,"
    "is Icelandic,it Italian,ja Japanese,jw Javanese,ka Georgian,kk Kazakh,km Khmer,kn Kannada,ko Korean,la Latin,"
    "lb Luxembourgish,ln Lingala,lo Lao,lt Lithuanian,lv Latvian,mg Malagasy,mi Maori,mk Macedonian,ml Malayalam,"
    "mn Mongolian,mr Marathi,ms Malay,mt Maltese,my Burmese,ne Nepali,nl Dutch,nn Nynorsk,no Norwegian,oc Occitan,"
    "pa Punjabi,pl Polish,ps Pashto,pt Portuguese,ro Romanian,ru Russian,sa Sanskrit,sd Sindhi,si Sinhala,sk Slovak,"
    "sl Slovenian,sn Shona,so Somali,sq Albanian,sr Serbian,su Sundanese,sv Swedish,sw Swahili,ta Tamil,te Telugu,"
    "tg Tajik,th Thai,tk Turkmen,tl Tagalog,tr Turkish,tt Tatar,uk Ukrainian,ur Urdu,uz Uzbek,vi Vietnamese,"
    "yi Yiddish,yo Yoruba,yue Cantonese,zh Chinese"
)
ENGLISH = "en"
"""The language that Whisper translates into, the only one."""

LANGUAGE_NAMES = {code: name for code, _, name in (entry.partition(" ") for entry in _TABLE.split(","))}


def language_name(tag: str) -> str:
    """Return the English name of a code's or a tag's language, with what else the tag tells: Portuguese (BR).

    One without a name here is returned as it is.
    """
    code, _, rest = tag.partition("-")
    if code not in LANGUAGE_NAMES:
        return tag
    return f"{LANGUAGE_NAMES[code]} ({rest})" if rest else LANGUAGE_NAMES[code]
