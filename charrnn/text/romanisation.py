"""From other scripts to the spelling that bearers use in Latin letters.

Unidecode transliterates letter by letter: Юрьев becomes "Iur'ev", 佐藤 "Zuo Teng", 김 "gim". This module follows the
customs for names: Cyrillic, Greek, Hangul, kana, and Chinese characters where the reading of a surname is known.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from itertools import groupby

from unidecode import unidecode

_RUSSIAN = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "yo", "ж": "zh", "з": "z", "и": "i", "й": "y",
    "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f",
    "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya",
    # Letters of other languages, as in their passports: Kazakh, Mongolian, Ukrainian, Belarusian, Serbian, Macedonian.
    "ә": "a", "ғ": "g", "қ": "k", "ң": "n", "ө": "o", "ұ": "u", "ү": "u", "һ": "h", "і": "i", "ї": "i", "є": "ye",
    "ґ": "g", "ў": "u", "ђ": "dj", "ћ": "c", "ј": "j", "љ": "lj", "њ": "nj", "џ": "dz", "ѓ": "gj", "ќ": "kj", "ѕ": "dz",
}  # fmt: skip
_GREEK = {
    "αι": "ai", "ει": "ei", "οι": "oi", "ου": "ou", "γγ": "ng", "γχ": "nch", "γξ": "nx", "γκ": "gk", "μπ": "mp",
    "ντ": "nt", "τζ": "tz", "τσ": "ts", "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th",
    "ι": "i", "κ": "k", "λ": "l", "μ": "m", "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s", "ς": "s",
    "τ": "t", "υ": "y", "φ": "f", "χ": "ch", "ψ": "ps", "ω": "o",
}  # fmt: skip
_GREEK_START = {"μπ": "b", "ντ": "d", "γκ": "g"}
_VOICELESS = "θκξπσςτφχψ"


def _capitalise(text: str) -> str:
    return re.sub(r"(^|[-\s])(\w)", lambda m: m[1] + m[2].upper(), text)


def russian(name: str) -> str:
    """Cyrillic as the press and passports write it in English: BGN/PCGN, with ``-y`` for final ``-ий``, ``-ый``.

    ``Юрьев`` → ``Yuriev``, ``Воробьева`` → ``Vorobyeva``, ``Достоевский`` → ``Dostoevsky``.
    """
    text = re.sub(r"[иы]й$", "y", name.lower())
    # A soft sign is spelled y before е, и, о; ё, ю, я begin with y already, and Юрьев is spelled with i.
    text = re.sub(r"ь(?=[еио])", "i" if text.startswith("юрь") else "y", text)
    text = re.sub(r"^(але|ма)кс", r"\1x", text)
    return _capitalise("".join(_RUSSIAN.get(c, c) for c in text))


def greek(name: str) -> str:
    """Greek as bearers write it: ELOT 743 with its digraphs, but ``Hatzi-``, ``-eus``, ``f``, ``v`` after ``α``, ``ε``.

    ``Παπαδόπουλος`` → ``Papadopoulos``, ``Χατζής`` → ``Hatzis``, ``Μπακογιάννης`` → ``Bakogiannis``.
    """
    # Accents are removed. Vowels with a diaeresis are spelled out first, because they form no digraph.
    text = name.lower().replace("ϊ", "i").replace("ΐ", "i").replace("ϋ", "y").replace("ΰ", "y")
    text = text.translate(str.maketrans("άέήίόύώ", "αεηιουω"))
    text = re.sub(r"^χατζ", "hatz", text)
    text = re.sub(r"ευς$", "eus", text)
    text = re.sub(rf"([αε])υ(?=[{_VOICELESS}])", r"\1f", text)
    text = re.sub(r"([αε])υ", r"\1v", text)
    text = re.sub(r"^(μπ|ντ|γκ)|(?<=^σ)μπ", lambda m: _GREEK_START[m[0]], text)
    pattern = "|".join(sorted(map(re.escape, _GREEK), key=len, reverse=True))
    return _capitalise(re.sub(pattern, lambda m: _GREEK[m[0]], text))


_SCRIPTS = {
    "LATIN": "latin",
    "MODIFIER": "common",  # letters such as ʼ, in Latin and in Cyrillic names
    "CARON": "common",
    "SUPERSCRIPT": "latin",
    "GREEK": "greek",
    "CYRILLIC": "cyrillic",
    "HANGUL": "hangul",
    "HIRAGANA": "kana",
    "KATAKANA": "kana",
    "KATAKANA-HIRAGANA": "kana",
    "CJK": "han",
    "IDEOGRAPHIC": "han",  # the repetition mark 々
}


@functools.lru_cache(maxsize=4096)
def script(letter: str) -> str:
    """Of a letter: ``latin``, ``greek``, ``cyrillic``, ``hangul``, ``kana``, ``han``, ``common`` or ``other``."""
    words = unicodedata.name(letter, "").replace("FULLWIDTH ", "").replace("HALFWIDTH ", "").split()
    return _SCRIPTS.get(words[0] if words else "", "other")


def _pairs(text: str) -> dict[str, str]:
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


# Surnames as most bearers write them, where that is not what the syllable's romanisation gives.
_KOREAN = _pairs("""
    김 Kim 이 Lee 리 Ri 박 Park 최 Choi 정 Jung 강 Kang 조 Cho 윤 Yoon 장 Jang 임 Lim 림 Rim 한 Han 오 Oh 서 Seo
    신 Shin 권 Kwon 황 Hwang 안 Ahn 송 Song 전 Jeon 홍 Hong 유 Yoo 류 Ryu 고 Ko 문 Moon 양 Yang 손 Son 배 Bae
    백 Baek 허 Heo 남 Nam 심 Shim 노 Noh 하 Ha 곽 Kwak 성 Sung 차 Cha 주 Joo 우 Woo 구 Koo 민 Min 나 Na 진 Jin
    지 Ji 엄 Um 채 Chae 원 Won 천 Cheon 방 Bang 공 Kong 현 Hyun 함 Ham 변 Byun 염 Yeom 여 Yeo 추 Choo 도 Do
    소 So 석 Seok 선 Sun 설 Seol 마 Ma 길 Gil 연 Yeon 위 Wi 표 Pyo 명 Myung 기 Ki 반 Ban 왕 Wang 금 Keum 옥 Ok
    육 Yook 인 In 맹 Maeng 제 Je 모 Mo 남궁 Namgung 황보 Hwangbo 선우 Sunwoo 제갈 Jegal 사공 Sagong 독고 Dokgo
""")


def _letters(text: str) -> list[str]:
    return ["" if word == "-" else word for word in text.split()]


# Letters of a Hangul syllable by their index; "-" for none.
_INITIALS = _letters("g kk n d tt r m b pp s ss - j jj ch k t p h")
_VOWELS = _letters("a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i")
_FINALS = _letters("- k k k n n n t l k m l l l p l m p p t t ng t t k t p t")

# The same Chinese characters may be read as Mandarin or as Japanese, so only surnames with a known reading are read.
_HAN = _pairs("""
    佐藤 Sato 鈴木 Suzuki 高橋 Takahashi 田中 Tanaka 渡辺 Watanabe 渡邊 Watanabe 伊藤 Ito 山本 Yamamoto
    中村 Nakamura 小林 Kobayashi 加藤 Kato 吉田 Yoshida 山田 Yamada 佐々木 Sasaki 山口 Yamaguchi 松本 Matsumoto
    井上 Inoue 木村 Kimura 斎藤 Saito 斉藤 Saito 清水 Shimizu 山崎 Yamazaki 森 Mori 池田 Ikeda 橋本 Hashimoto
    阿部 Abe 石川 Ishikawa 山下 Yamashita 中島 Nakajima 石井 Ishii 小川 Ogawa 前田 Maeda 岡田 Okada
    長谷川 Hasegawa 藤田 Fujita 後藤 Goto 近藤 Kondo 村上 Murakami 遠藤 Endo 青木 Aoki 坂本 Sakamoto 福田 Fukuda
    太田 Ota 西村 Nishimura 藤井 Fujii 金子 Kaneko 岡本 Okamoto 三浦 Miura 藤原 Fujiwara 中野 Nakano
    中川 Nakagawa 原田 Harada 松田 Matsuda 竹内 Takeuchi 小野 Ono 田村 Tamura 和田 Wada 中山 Nakayama
    石田 Ishida 上田 Ueda 森田 Morita 柴田 Shibata 酒井 Sakai 宮崎 Miyazaki 本田 Honda 豊田 Toyoda 黒澤 Kurosawa
    安倍 Abe 徳川 Tokugawa 織田 Oda 欧阳 Ouyang 歐陽 Ouyang 司马 Sima 司馬 Sima 诸葛 Zhuge 諸葛 Zhuge
    上官 Shangguan 司徒 Situ 夏侯 Xiahou 皇甫 Huangfu 慕容 Murong 公孙 Gongsun 公孫 Gongsun 令狐 Linghu
    东方 Dongfang 東方 Dongfang 尉迟 Yuchi 长孙 Zhangsun 宇文 Yuwen 南宫 Nangong
""")
# Single characters whose pinyin as a surname differs from the usual reading.
_HAN |= _pairs(
    "单 Shan 曾 Zeng 解 Xie 仇 Qiu 区 Ou 查 Zha 任 Ren 盖 Ge 朴 Piao 覃 Qin 翟 Zhai 尉 Wei 冼 Xian 吕 Lü 呂 Lü"
)


def korean(name: str) -> str:
    """Hangul: a known surname as most bearers write it, anything else by the Revised Romanisation of 2000.

    ``김`` → ``Kim``, ``남궁`` → ``Namgung``, ``견`` → ``Gyeon``.
    """
    if name in _KOREAN:
        return _KOREAN[name]
    spelled = ""
    for syllable in unicodedata.normalize("NFC", name):
        index = ord(syllable) - 0xAC00
        if not 0 <= index < 11172:
            spelled += unidecode(syllable)
            continue
        spelled += _INITIALS[index // 588] + _VOWELS[index // 28 % 21] + _FINALS[index % 28]
    return _capitalise(spelled)


# Where Unidecode is not Hepburn.
_KANA = _pairs("じ ji ぢ ji づ zu ふ fu ゔ vu を o")
_HIRAGANA = {code: code - 0x60 for code in range(0x30A1, 0x30F5)}
"""Katakana, by code point, to hiragana."""
# Where う begins a word and makes no vowel long: まつ-うら, いの-うえ, やまの-うち.
_APART = re.compile("(?<=[くすずつづぬのむる])う(?=[らち])|(?<![ゅょゆよ])う(?=え)")


def japanese(name: str) -> str:
    """Kana by Hepburn without long vowels, as on passports.

    ``さとう``, ``サトウ`` → ``Sato``, ``まつうら`` → ``Matsuura``.
    """
    text = ""
    doubles = False
    for kana in _APART.sub("|う", unicodedata.normalize("NFKC", name).translate(_HIRAGANA)):
        if kana in "ーっ":
            doubles |= kana != "ー"
            continue
        sound = _KANA.get(kana) or unidecode(kana).lower()
        if kana in "ゃゅょ" and text.endswith("i"):
            # shi + ya is sha, ki + ya is kya
            text = text[:-1] + (sound[1:] if text.endswith(("shi", "chi", "ji")) else sound)
            continue
        if doubles:
            sound = ("t" if sound.startswith("ch") else sound[:1]) + sound
            doubles = False
        text += sound
    return _capitalise(re.sub("ou|oo", "o", text).replace("uu", "u").replace("|", ""))


def _han(name: str) -> str:
    if name in _HAN:
        return _HAN[name]
    return unidecode(name).strip() if len(name) == 1 else ""


_ROMANISERS = {"cyrillic": russian, "greek": greek, "hangul": korean, "kana": japanese, "han": _han}


def romanise(text: str) -> str:
    """Text with every run of another script written in Latin letters; what cannot be read is left as it is."""
    if text.isascii():
        return text
    return "".join(_ROMANISERS[name](run) or run if name in _ROMANISERS else run for name, run in _runs(text))


def is_latin(text: str) -> bool:
    """Whether no letter is of another script."""
    return text.isascii() or all(script(c) in ("latin", "common") for c in text if c.isalpha())


def is_readable(text: str) -> bool:
    """Whether every letter is Latin, or of a script and a name whose reading is known."""
    if text.isascii():
        return True
    return all(
        name != "other" and (name not in _ROMANISERS or bool(_ROMANISERS[name](run).strip()))
        for name, run in _runs(text)
    )


@functools.lru_cache(maxsize=16_384)
def unicode_script(character: str) -> str:
    """As :func:`script`, with the scripts that are ``other`` there told apart; ``common`` of what is no letter."""
    own = script(character) if character.isalpha() else "common"
    return unicodedata.name(character, own).split(" ")[0].lower() if own == "other" else own


def script_runs(text: str) -> list[str]:
    """The text in parts of one script each; signs and spaces belong to the letters before them, the first ones to none.

    Marks that are no letters, such as the vowel signs of Devanagari and Thai, stay with their letters.
    """
    runs: list[tuple[str, str]] = []
    for c in text:
        own = unicode_script(c)
        if runs and (own == "common" or own == runs[-1][0]):
            runs[-1] = (runs[-1][0], runs[-1][1] + c)
        else:
            runs.append((own, c))
    return [run for _, run in runs]


def _runs(text: str) -> list[tuple[str, str]]:
    """Runs of characters of one script, each with the script; characters that are no letters are ``common``.

    Apostrophes and combining marks belong to the letter before them.
    """
    scripts: list[str] = []
    for c in text:
        own = script(c) if c.isalpha() else "common"
        joins = own == "common" and scripts and (c in "'’ʼ" or unicodedata.combining(c))
        scripts.append(scripts[-1] if joins else own)
    runs = groupby(zip(scripts, text, strict=True), lambda pair: pair[0])
    return [(name, "".join(c for _, c in run)) for name, run in runs]
