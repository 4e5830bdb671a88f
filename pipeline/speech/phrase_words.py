"""Words by which a sentence can be parted well or badly, for the offered languages and a few more. Pure data.

All words are in lower case, without punctuation around them. Netflix's Timed Text Style Guide (Line Treatment) names
the kinds: a line is broken before conjunctions and prepositions, and not between article and noun, first and last name,
pronoun and verb, auxiliary and verb.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


@dataclass(frozen=True, kw_only=True)
class PhraseWords:
    """The words of a language, by what they mean for a break.

    Attributes:
        conjunctions: had better begin a line.
        prepositions: the same, and end none.
        articles: articles, possessives and other words that belong to the noun after them: end no line.
        openers: subject pronouns and auxiliaries: end no line unless a conjunction follows.
        closers: words that belong to the one before them, as postpositions do: begin no line.
        titles: what comes before a name, without its full stop.
        abbreviations: end with a full stop that ends no sentence, which is left out here.
        counted: abbreviations and words before a number that belongs to them.
        units: words and signs after a number that belong to it.
        numbers: numbers as words.
    """

    conjunctions: frozenset[str] = frozenset()
    prepositions: frozenset[str] = frozenset()
    articles: frozenset[str] = frozenset()
    openers: frozenset[str] = frozenset()
    closers: frozenset[str] = frozenset()
    titles: frozenset[str] = frozenset()
    abbreviations: frozenset[str] = frozenset()
    counted: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()


UNITS = _set(
    "% ‰ ° °c °f $ € £ ¥ km m cm mm kg g mg l ml s ms h min kw w v a hz khz mhz ghz kb mb gb tb kbit mbit fps dpi px "
    "kbps mbps db am pm a.m p.m"
)
"""Signs of units, which are the same in most languages."""

ENGLISH = PhraseWords(
    conjunctions=_set(
        "and but or nor so yet because that which who whom whose when whenever while where wherever if unless until "
        "though although whereas than as since whether why how"
    ),
    prepositions=_set(
        "about above across after against along among around at before behind below beneath beside between beyond by "
        "despite during for from in inside into near of on onto outside over past per through throughout to toward "
        "towards under upon via with within without like"
    ),
    articles=_set(
        "a an the my your his her its our their this these those every each some any no another such what very too "
        "more most"
    ),
    openers=_set(
        "i you he she it we they there i'm you're he's she's it's we're they're i've you've we've they've i'll you'll "
        "he'll she'll it'll we'll they'll i'd you'd he'd she'd we'd they'd that's there's let's am is are was were be "
        "been being have has had do does did can could will would shall should may might must not don't doesn't "
        "didn't isn't aren't wasn't weren't can't couldn't won't wouldn't shouldn't haven't hasn't hadn't never"
    ),
    titles=_set("mr mrs ms miss dr prof sir lady lord saint st president professor doctor captain capt gen sgt lt rev"),
    abbreviations=_set(
        "mr mrs ms dr prof st capt gen sgt lt rev jr sr vs etc inc ltd co corp fig vol dept approx est ave blvd rd "
        "e.g i.e a.m p.m u.s u.k u.n d.c ph.d cf al jan feb mar apr jun jul aug sep sept oct nov dec"
    ),
    counted=_set(
        "no nos fig vol p pp ch sec chapter page number lesson step room figure section part unit version line level "
        "week day season episode january february march april may june july august september october november "
        "december"
    ),
    units=_set(
        "percent per degrees dollars dollar cents euros euro pounds hours hour minutes minute seconds second days day "
        "weeks week months month years year kilometers kilometres meters metres miles mile feet foot inches inch "
        "kilograms grams pounds tons litres liters bytes megabytes gigabytes hundred thousand million billion o'clock "
        "january february march april may june july august september october november december"
    ),
    numbers=_set(
        "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion"
    ),
)
SPANISH = PhraseWords(
    conjunctions=_set(
        "y e o u ni pero sino porque que cuando donde si aunque mientras como quien cual cuyo pues luego"
    ),
    prepositions=_set(
        "a al ante bajo con contra de del desde durante en entre hacia hasta para por según sin sobre tras"
    ),
    articles=_set(
        "el la los las lo un una unos unas mi mis tu tus su sus nuestro nuestra nuestros nuestras este esta estos "
        "estas ese esa esos esas aquel aquella cada todo toda todos todas otro otra muy más"
    ),
    openers=_set(
        "yo tú él ella nosotros ellos ellas usted ustedes me te se le les nos no es son era eran fue ha han he hemos "
        "había está están estaba puede pueden debe va van"
    ),
    titles=_set("sr sra srta dr dra d don doña prof ing lic"),
    abbreviations=_set("sr sra srta dr dra d prof ing lic ud uds etc pág núm art ee.uu p.ej a.m p.m"),
    counted=_set("núm pág art capítulo página número lección paso parte sección versión"),
    units=_set(
        "por euros euro dólares pesos horas hora minutos minuto segundos segundo días día semanas meses mes años año "
        "kilómetros metros grados mil millones"
    ),
    numbers=_set("dos tres cuatro cinco seis siete ocho nueve diez once doce quince veinte treinta cien mil millones"),
)
FRENCH = PhraseWords(
    conjunctions=_set("et ou où mais donc or ni car parce que qui quand si comme lorsque puisque quoique dont lequel"),
    prepositions=_set(
        "à au aux après avant avec chez contre dans de des du depuis derrière dès devant durant en entre envers hors "
        "jusque malgré par parmi pendant pour sans selon sous sur vers"
    ),
    articles=_set(
        "le la les un une mon ma mes ton ta tes son sa ses notre nos votre vos leur leurs ce cet cette ces chaque "
        "quelques plusieurs tout toute tous toutes autre très plus"
    ),
    openers=_set(
        "je tu il elle on nous vous ils elles me te se ne y lui c'est n'est est sont était étaient a ont avait suis "
        "es êtes sommes ai as avons avez peut peuvent doit va vont n'a pas"
    ),
    titles=_set("m mm mme mmes mlle dr pr me monsieur madame mademoiselle saint"),
    abbreviations=_set("m mm mme mlle dr pr etc cf p.ex art chap p fig env"),
    counted=_set("n° no art chap p fig chapitre page numéro leçon étape partie section version"),
    units=_set(
        "pour euros euro dollars heures heure minutes minute secondes seconde jours jour semaines mois ans an années "
        "kilomètres mètres degrés mille millions milliards"
    ),
    numbers=_set(
        "deux trois quatre cinq six sept huit neuf dix onze douze quinze vingt trente cent cents mille millions"
    ),
)
GERMAN = PhraseWords(
    conjunctions=_set(
        "und oder aber sondern denn weil dass daß wenn ob als obwohl damit während bevor nachdem bis wie wo welche "
        "welcher welches sowie indem falls"
    ),
    prepositions=_set(
        "an am auf aus bei beim durch für gegen hinter in im ins mit nach neben ohne seit über um unter von vom vor "
        "wegen zu zum zur zwischen trotz"
    ),
    articles=_set(
        "der die das den dem des ein eine einen einem einer eines kein keine keinen keinem keiner mein meine meinen "
        "dein deine sein seine seinen ihr ihre ihren unser unsere euer eure dieser diese dieses diesen diesem jeder "
        "jede jedes jeden alle sehr mehr"
    ),
    openers=_set(
        "ich du er sie es wir man mich dich sich nicht ist sind war waren bin bist seid hat haben habe hatte hatten "
        "wird werden würde kann können konnte muss müssen soll sollen will wollen darf"
    ),
    titles=_set("hr hrn herr herrn frau fr dr prof st dipl"),
    abbreviations=_set(
        "hr hrn fr dr prof st dipl bzw ca usw z.b d.h u.a u.s.w vgl evtl ggf inkl nr abb bd s str tel zb"
    ),
    counted=_set("nr abb bd s kapitel seite nummer lektion schritt teil abschnitt version"),
    units=_set(
        "prozent grad euro dollar stunden stunde minuten minute sekunden sekunde tage tagen tag wochen monate jahre "
        "jahren jahr uhr kilometer meter hundert tausend millionen milliarden januar februar märz april mai juni juli "
        "august september oktober november dezember"
    ),
    numbers=_set("zwei drei vier fünf sechs sieben acht neun zehn elf zwölf zwanzig dreißig hundert tausend millionen"),
)
ARABIC = PhraseWords(
    conjunctions=_set("و أو ثم لكن ولكن لأن أن إن إذا عندما حيث بينما كما الذي التي الذين لو حتى كي لكي"),
    prepositions=_set("في من إلى على عن مع بين تحت فوق حول خلال بعد قبل عند منذ نحو دون بدون ضد أمام وراء"),
    articles=_set("هذا هذه هؤلاء ذلك تلك كل بعض غير أي"),
    openers=_set("أنا أنت هو هي نحن هم لا لم لن ما قد لقد سوف كان كانت يكون ليس"),
    titles=_set("السيد السيدة الدكتور الدكتورة الأستاذ د"),
    abbreviations=_set("د أ"),
    counted=_set("رقم صفحة فصل درس خطوة"),
    units=_set("دولار دولارا يورو دقيقة دقائق ساعة ساعات ثانية يوم أيام سنة سنوات مليون ألف"),
)
HINDI = PhraseWords(
    conjunctions=_set("और या लेकिन पर मगर क्योंकि कि जो जब जहाँ अगर यदि तो जैसे ताकि इसलिए फिर"),
    articles=_set("यह ये वह वे इस उस इन उन एक कोई कुछ हर मेरा मेरी मेरे आपका आपकी आपके हमारा हमारी हमारे बहुत"),
    openers=_set("मैं हम आप तुम नहीं न"),
    closers=_set("में से को का की के ने तक पर है हैं था थी थे हूँ हो गा गी गे ही भी साथ लिए बाद पहले"),
    titles=_set("श्री श्रीमती डॉ प्रो"),
    abbreviations=_set("डॉ प्रो"),
    units=_set("रुपये डॉलर मिनट घंटे घंटा सेकंड दिन साल लाख करोड़ हज़ार"),
)
PORTUGUESE = PhraseWords(
    conjunctions=_set("e ou mas nem porque que quando onde se embora enquanto como quem qual cujo pois porém"),
    prepositions=_set(
        "a à ao aos às ante após até com contra de da do das dos desde durante em na no nas nos entre para pela pelo "
        "perante por sem sob sobre num numa"
    ),
    articles=_set(
        "o os as um uma uns umas meu minha meus minhas teu tua seu sua seus suas nosso nossa este esta estes estas "
        "esse essa esses essas aquele aquela cada todo toda todos todas outro outra muito mais"
    ),
    openers=_set(
        "eu tu ele ela nós eles elas você vocês me te se lhe não é são era foi há tem têm está estão pode vai vão"
    ),
    titles=_set("sr sra dr dra prof d dom dona eng"),
    abbreviations=_set("sr sra dr dra prof d eng etc pág núm art p.ex"),
    counted=_set("nº núm pág art capítulo página número lição passo parte seção versão"),
    units=_set(
        "por euros euro reais dólares horas hora minutos minuto segundos dias dia semanas meses anos ano mil milhões"
    ),
    numbers=_set("dois duas três quatro cinco seis sete oito nove dez vinte trinta cem mil milhões"),
)
ITALIAN = PhraseWords(
    conjunctions=_set("e ed o oppure ma perché che quando dove se sebbene mentre come chi quale però né quindi"),
    prepositions=_set(
        "a ad al alla ai alle allo con contro da dal dalla dai dalle di del della dei delle dello degli dopo durante "
        "fino fra in nel nella nei nelle nello per prima senza sopra sotto su sul sulla sui sulle tra verso"
    ),
    articles=_set(
        "il lo la i gli le un uno una mio mia miei mie tuo tua suo sua suoi sue nostro nostra questo questa questi "
        "queste quello quella ogni tutto tutta tutti tutte altro altra molto più"
    ),
    openers=_set(
        "io tu lui lei noi voi loro mi ti si ci vi ne non è sono era erano ha hanno ho abbiamo può deve va vanno"
    ),
    titles=_set("sig sig.ra signor signora dott dott.ssa prof ing avv"),
    abbreviations=_set("sig sig.ra dott dott.ssa prof ing avv ecc pag art p.es"),
    counted=_set("n pag art capitolo pagina numero lezione passo parte sezione versione"),
    units=_set("per euro dollari ore ora minuti minuto secondi giorni giorno settimane mesi anni anno mila milioni"),
    numbers=_set("due tre quattro cinque sei sette otto nove dieci venti trenta cento mille milioni"),
)

NONE = PhraseWords()
LANGUAGES: Mapping[str, PhraseWords] = {
    "en": ENGLISH,
    "es": SPANISH,
    "fr": FRENCH,
    "de": GERMAN,
    "ar": ARABIC,
    "hi": HINDI,
    "pt": PORTUGUESE,
    "it": ITALIAN,
}


def phrase_words(language: str | None) -> PhraseWords:
    """Return the words of a language, a code such as `pt` or `pt-BR`; none of one that is not in the table."""
    return LANGUAGES.get((language or "").replace("_", "-").partition("-")[0].lower(), NONE)
