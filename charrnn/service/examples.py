"""Examples for the documentation: real answers of the shipped models; a test keeps them true."""

from __future__ import annotations

from typing import Any

CLASSIFIER = "a204b0d9947d2ab1b8f87a5cbdf89779d1fa35df9f59f8cd26aee075bd913a6a"
GENERATOR = "d099c82303caec77d141fb2098b44457486339d648f548c57da01479e8038df3"
NAMES: list[dict[str, Any]] = [
    {
        "name": "Kina",
        "log_probability": -8.7375,
        "stamp": "eyJtb2RlbCI6ImQwOTljODIzMDNjYWVjNzciLCJhdHRlbXB0IjowLCJsYWJlbCI6IklyaXNoIiwic2Vl"
        "ZCI6Nywic2FtcGxpbmciOnsidGVtcGVyYXR1cmUiOjAuOH0sImNvbnN0cmFpbnRzIjp7ImFueV9jYXNlIjpmYWxzZX19",
    },
    {
        "name": "Mac Clough",
        "log_probability": -13.7984,
        "stamp": "eyJtb2RlbCI6ImQwOTljODIzMDNjYWVjNzciLCJhdHRlbXB0IjoxLCJsYWJlbCI6IklyaXNoIiwic2Vl"
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
                        {"label": "Japanese", "probability": 0.986765913907611},
                        {"label": "Albanian", "probability": 0.004674782329748247},
                    ],
                    "abstained": False,
                    "reason": None,
                },
                {
                    "name": "Ye",
                    "predictions": [
                        {"label": "Chinese", "probability": 0.5665619829832916},
                        {"label": "Korean", "probability": 0.3669540862628829},
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
            "other": "English",
            "shares": [
                0.21811917327537642,
                0.21177346641231815,
                0.28967974399755375,
                0.49115075493249183,
                0.4645341822161606,
            ],
            "rest": 0.14528712289546097,
            "score": 2.0407432246332733,
            "memory": 0.22019878090391143,
            "listed": ["Dutch", "English", "Icelandic", "Irish", "Portuguese", "Scottish"],
            "model": CLASSIFIER,
        },
    ),
}
"""Request and answer for each route."""
