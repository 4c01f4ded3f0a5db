import pytest
import romanise


@pytest.mark.parametrize(
    ("rule", "native", "latin"),
    [
        ("bulgarian", "Георгиева", "Georgieva"),
        ("bulgarian", "Мария", "Maria"),
        ("bulgarian", "Щерю", "Shteryu"),
        ("bulgarian", "Ангелов-Петров", "Angelov-Petrov"),
        ("macedonian", "Ѓорѓи", "Gjorgji"),
        ("macedonian", "Џамбаз", "Djambaz"),
        ("ukrainian", "Євтушенко", "Yevtushenko"),
        ("ukrainian", "Згурський", "Zghurskyi"),
        ("ukrainian", "Лук'яненко", "Lukianenko"),
        ("ukrainian", "Іванна", "Ivanna"),
        ("kazakh", "Қайрат", "Kairat"),
        ("kazakh", "Әлия", "Aliya"),
        ("kazakh", "Бейімбет", "Beimbet"),
        ("kazakh", "Айымгүл", "Aiymgul"),
        ("kazakh", "Есімов", "Yesimov"),
        ("kazakh", "Сәтпаев", "Satpayev"),
        ("armenian", "Եղիազարյան", "Yeghiazaryan"),
        ("armenian", "Հովհաննիսյան", "Hovhannisyan"),
        ("armenian", "Ոսկանյան", "Voskanyan"),
        ("georgian", "ჭანტურია", "Chanturia"),
        ("georgian", "შევარდნაძე", "Shevardnadze"),
        ("uzbek", "G'ulomov", "Gʻulomov"),
        ("uzbek", "Ma'mur", "Maʼmur"),
        ("arabic", "محمّد", "محمد"),
        ("persian", "علي", "علی"),
        ("devanagari", "राज्\u200dय", "राज्य"),
    ],
)
def test_names_are_spelled_as_in_passports(rule, native, latin):
    assert getattr(romanise, rule)(native) == latin
