"""Examples for the documentation: real answers of the shipped models; a test keeps them true."""

from __future__ import annotations

from typing import Any

CLASSIFIER = "450691dd5ce25afc18f1ecc0086a365749bba3e21c7693e03da55e195b21f929"
GENERATOR = "f40c7b2c08d185e45650317650618ef46cb1f415a7eba665507e856923e57551"
NAMES: list[dict[str, Any]] = [
    {
        "name": "Flane",
        "log_probability": -9.2377,
        "stamp": "eyJtb2RlbCI6ImY0MGM3YjJjMDhkMTg1ZTQiLCJhdHRlbXB0IjowLCJsYWJlbCI6IklyaXNoIiwic2Vl"
        "ZCI6Nywic2FtcGxpbmciOnsidGVtcGVyYXR1cmUiOjAuOH0sImNvbnN0cmFpbnRzIjp7ImFueV9jYXNlIjpmYWxzZX19",
    },
    {
        "name": "McDeirnin",
        "log_probability": -16.69,
        "stamp": "eyJtb2RlbCI6ImY0MGM3YjJjMDhkMTg1ZTQiLCJhdHRlbXB0IjoxLCJsYWJlbCI6IklyaXNoIiwic2Vl"
        "ZCI6Nywic2FtcGxpbmciOnsidGVtcGVyYXR1cmUiOjAuOH0sImNvbnN0cmFpbnRzIjp7ImFueV9jYXNlIjpmYWxzZX19",
    },
]
EXAMPLES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "classify": (
        {"names": ["Satoshi", "Ye"], "top_k": 2},
        {
            "results": [
                {
                    "name": "Satoshi",
                    "predictions": [
                        {"label": "Japanese", "probability": 0.8988353354037855},
                        {"label": "Hindi", "probability": 0.0249161081096048},
                    ],
                    "abstained": False,
                    "reason": None,
                },
                {
                    "name": "Ye",
                    "predictions": [
                        {"label": "Korean", "probability": 0.3189542965728886},
                        {"label": "Chinese", "probability": 0.31467424739039696},
                    ],
                    "abstained": False,
                    "reason": None,
                },
            ],
            "model": CLASSIFIER,
        },
    ),
    "generate": (
        {"label": "Irish", "n": 2, "seed": 7},
        {"names": NAMES, "model": GENERATOR, "seed": 7, "complete": True, "message": None},
    ),
    "repeat": ({"stamp": NAMES[1]["stamp"]}, {**NAMES[1], "model": GENERATOR}),
    "explain": (
        {"name": "Kelly"},
        {
            "name": "Kelly",
            "characters": "kelly",
            "label": "Irish",
            "other": "Scottish",
            "shares": [
                -0.10156126118572213,
                -0.029227338823548672,
                -0.36476032473546927,
                0.2990280335183973,
                1.2675480695562098,
            ],
            "rest": 1.0352195847255938,
            "score": 2.106246763055461,
            "model": CLASSIFIER,
        },
    ),
}
"""Request and answer for each route."""
