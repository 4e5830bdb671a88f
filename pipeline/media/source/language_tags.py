"""What a file says of a language, as the tag that playlists and players use. Pure."""

from __future__ import annotations

import re

# Two-letter codes of ISO 639-1 with the terminological and, after a slash, the bibliographic three-letter code of
# 639-2.
_TABLE = (
    "aa:aar ab:abk ae:ave af:afr ak:aka am:amh an:arg ar:ara as:asm av:ava ay:aym az:aze ba:bak be:bel bg:bul bi:bis "
    "bm:bam bn:ben bo:bod/tib br:bre bs:bos ca:cat ce:che ch:cha co:cos cr:cre cs:ces/cze cu:chu cv:chv cy:cym/wel "
    "da:dan de:deu/ger dv:div dz:dzo ee:ewe el:ell/gre en:eng eo:epo es:spa et:est eu:eus/baq fa:fas/per ff:ful fi:fin "
    "fj:fij fo:fao fr:fra/fre fy:fry ga:gle gd:gla gl:glg gn:grn gu:guj gv:glv ha:hau he:heb hi:hin ho:hmo hr:hrv "
    "ht:hat hu:hun hy:hye/arm hz:her ia:ina id:ind ie:ile ig:ibo ii:iii ik:ipk io:ido is:isl/ice it:ita iu:iku ja:jpn "
    "jv:jav ka:kat/geo kg:kon ki:kik kj:kua kk:kaz kl:kal km:khm kn:kan ko:kor kr:kau ks:kas ku:kur kv:kom kw:cor "
    "ky:kir la:lat lb:ltz lg:lug li:lim ln:lin lo:lao lt:lit lu:lub lv:lav mg:mlg mh:mah mi:mri/mao mk:mkd/mac ml:mal "
    "mn:mon mr:mar ms:msa/may mt:mlt my:mya/bur na:nau nb:nob nd:nde ne:nep ng:ndo nl:nld/dut nn:nno no:nor nr:nbl "
    "nv:nav ny:nya oc:oci oj:oji om:orm or:ori os:oss pa:pan pi:pli pl:pol ps:pus pt:por qu:que rm:roh rn:run "
    "ro:ron/rum ru:rus rw:kin sa:san sc:srd sd:snd se:sme sg:sag si:sin sk:slk/slo sl:slv sm:smo sn:sna so:som "
    "sq:sqi/alb sr:srp ss:ssw st:sot su:sun sv:swe sw:swa ta:tam te:tel tg:tgk th:tha ti:tir tk:tuk tl:tgl tn:tsn "
    "to:ton tr:tur ts:tso tt:tat tw:twi ty:tah ug:uig uk:ukr ur:urd uz:uzb ve:ven vi:vie vo:vol wa:wln wo:wol xh:xho "
    "yi:yid yo:yor za:zha zh:zho/chi zu:zul"
)
TWO_LETTERS = {
    three: two for entry in _TABLE.split() for two, _, threes in [entry.partition(":")] for three in threes.split("/")
}

UNKNOWN_LANGUAGE = "und"
"""RFC 5646's tag for a language that nobody named; Apple's 8.10 asks for a tag on every rendition."""

UNKNOWN = (UNKNOWN_LANGUAGE, "mis", "zxx")
"""Codes of ISO 639-2 that name no language: undetermined, uncoded, no words."""

# language, script, region, variants: the parts of a tag that a container may hold
_TAG = re.compile(r"([a-z]{2,3})(-[a-z]{4})?(-(?:[a-z]{2}|[0-9]{3}))?((?:-[a-z0-9]{5,8})*)", re.IGNORECASE)


def language_tag(text: str | None) -> str | None:
    """Return a container's word for a language as an RFC 5646 tag, None where it names none.

    RFC 5646, 2.2.1 asks for the shortest code: `ger` and `deu` are `de`, while `gsw` has no shorter one.
    """
    first = (text or "").replace("_", "-").split(",")[0].strip()  # MPEG-TS has `eng,deu` for two languages in one track
    match = _TAG.fullmatch(first)
    if match is None:
        return None
    language, script, region, variants = (part or "" for part in match.groups())
    language = language.lower()
    if language in UNKNOWN:
        return None
    return TWO_LETTERS.get(language, language) + script.title() + region.upper() + variants.lower()
