"""Words that say how a sentence is built, of languages beside English: as they are written, accents included.

Question words are here too. They are left out of what is looked for, and they tell which language a text is in.
"""

# ruff: noqa: SIM905 - lists of quoted words are not easier to read

from __future__ import annotations

from collections.abc import Mapping

STOP_WORDS: Mapping[str, frozenset[str]] = {
    "de": frozenset(
        """
        aber alle allem allen aller alles als also am an ander andere anderen auch auf aus bei beim bin bis bist da
        dabei dafür dagegen daher damit danach dann daran darauf daraus darf darin darüber das dass davon dazu dein
        deine dem den denn der deren des dessen deshalb dich die dies diese diesem diesen dieser dieses dir doch dort
        du durch dürfen ein eine einem einen einer eines einige er es etwa etwas euch euer für gegen gibt habe haben
        hat hatte hatten her hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in indem ins ist ja jede
        jedem jeden jeder jedes jedoch jener jetzt kann kein keine keinem keinen keiner können könnte machen man
        manche mein meine mich mir mit muss musste müssen nach nicht nichts noch nun nur ob oder ohne sehr seid sein
        seine seinem seinen seiner seit sich sie sind so solche soll sollen sollte sondern sonst über um und uns unser
        unter viel viele vom von vor während war waren warum was weil welche welchem welchen welcher welches wem wen
        wenn wer werde werden wessen weshalb wie wieder wieviel will wir wird wo wobei woher wohin wollen womit wovon
        worden wurde wurden zu zum zur zwar zwischen
        """.split()
    ),
    "es": frozenset(
        """
        a al algo algún alguna algunas alguno algunos allí ante antes aquel aquella aquí así aunque bajo bien cada
        como cómo con contra cual cuál cuáles cualquier cuando cuándo cuanta cuánta cuántas cuanto cuánto cuántos de
        debe deben del desde después donde dónde dos durante e el él ella ellas ello ellos en entre era eran es esa
        esas ese eso esos esta está estaba están estar estas este esto estos fue fueron ha haber había hace hacer
        hacia han has hasta hay he la las le les lo los mas más me mi mientras mis misma mismo mucho muy nada ni no
        nos nosotros nuestra nuestro o otra otras otro otros para pero poco por porque pueda puede pueden pues que qué
        quien quién quienes se sea sean según ser será si sí sido sin sino sobre son su sus también tanto te tener
        tiene tienen toda todas todavía todo todos tu tus un una unas uno unos usted ustedes va y ya yo
        """.split()
    ),
    "fr": frozenset(
        """
        à afin ai ainsi alors après au aucun aucune aujourd aura aussi autre autres aux avait avant avec avez avoir
        avons c car ce ceci cela celle celles celui ces cet cette ceux chaque chez ci comme comment combien d dans de
        depuis des deux doit doivent donc dont du elle elles en encore entre es est et étaient était étant été être eu
        eux fait faire faut font ici il ils j je jusqu l la là laquelle le lequel les lesquelles lesquels leur leurs
        lors lorsque lui m ma mais même mêmes mes moi moins mon n ne ni nos notre nous on ont ou où par parce pas
        pendant peu peut peuvent plus pour pourquoi pouvez puis qu quand que quel quelle quelles quelque quelques
        quels qui quoi s sa sans se selon sera seront ses si soit son sont sous suis sur ta te tes toi ton tous tout
        toute toutes très tu un une vers vos votre vous y
        """.split()
    ),
    "it": frozenset(
        """
        a abbiamo ad agli ai al alcuni alla alle allo altra altre altri altro anche ancora avere aveva c che chi ci
        ciò come com con contro così cui d da dagli dai dal dalla dalle dallo degli dei del dell della delle dello
        deve devono di dopo dove dov due durante e è ed era erano essere fa fare fra già gli ha hanno ho i il in io l
        la le lei li lo loro lui ma mai me mentre mi mia mio molto ne negli nei nel nell nella nelle nello no noi non
        nostra nostro o ogni oppure per perché però più poi possono prima può qual quale quali quando quanta quante
        quanti quanto quella quelle quelli quello questa queste questi questo qui s se sempre senza si sia siano sono
        sopra sotto sta stata state stati stato su sua sue sugli sui sul sulla sulle suo suoi te ti tra tu tutta tutte
        tutti tutto un una uno va vi voi vostra vostro
        """.split()
    ),
    "nl": frozenset(
        """
        aan al alle alleen als altijd andere ben bij binnen daar daarna dan dat de deze die dit doen door dus een eens
        en er ge geen heb hebben hebt heeft hem hen het hier hij hoe hoeveel hun ik in indien is ja je jij jullie kan
        kon kunnen maar me meer men met mij mijn moet moeten mogen na naar niet niets nog nu of om omdat onder ons
        onze ook op over per reeds te tegen ten ter terwijl tijdens toch toen tot tussen u uit uw van veel voor waar
        waarin waarmee waarom waarvan wanneer want waren was wat we wel welk welke werd werden wie wij wil worden
        wordt zal ze zelf zich zij zijn zo zoals zonder zou zouden zullen
        """.split()
    ),
    "pl": frozenset(
        """
        a aby albo ale ani aż bardzo bez bo by być był była było były będą będzie chyba ci co coś czego czemu czy
        czyli dla dlaczego dlatego do gdy gdyby gdyż gdzie go i ich ile im inne inny ja jak jaka jaki jakie jakiego
        jako je jeden jednak jego jej jeśli jest jestem jeszcze jeżeli już każda każdy kiedy kto którą która które
        którego której który których którym którzy lecz lub ma mają może można mi mnie mu musi my na nad nam nas nasz
        nawet nich nie nim niż o obok od ona one oni ono oraz po pod podczas ponieważ poza pracy przed przez przy
        również są się sobie swoje ta tak tam te tego tej ten też to tu tylko tym u w wam was we wiele więc wszystkie
        wszystko z za zawsze ze żaden że żeby
        """.split()
    ),
}
# Words of these languages that English texts have too, as words of their own or in names: they tell no language.
ALSO_ENGLISH = frozenset(
    """
    a ad ai al alle also am an as at ben by c can come con d dan dei del den des die do door due e el en es fa fare
    far go had has hat he her hem hen hier him i il im in ins io is it ja j je l la las le les lo los ma main man mas
    me men mi mis mon my n na ne ni no nos o of on once one ones or os per plus pod pour sans s se si sin so son sole
    sous sur ta tam te ten tes tu to ton tot tout u un une uno us va van via vi von vos w war was we were will y z
    """.split()
)
# Words that only English has of them all, and that hardly any English text does without.
ENGLISH_ONLY = frozenset(
    """
    about after and any are be because been before being between both but by could did does during each for from has
    have her his how if into is it its many may more most must my not of on only or other our she should some such
    than that the their them then there these they this those through to under until up we were what when where which
    while who whom whose why will with would you your
    """.split()
)
# Pairs of Chinese characters that ask or join, as they stand in questions.
CHINESE_PAIRS = frozenset(
    "什么 怎么 怎样 如何 哪个 哪些 哪里 哪种 应该 应当 需要 可以 多少 多大 为什 是否 一个 这个 那个".split()
)
