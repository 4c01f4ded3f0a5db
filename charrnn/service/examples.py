"""Examples for the documentation: real answers of the shipped models; a test keeps them true."""

from __future__ import annotations

from typing import Any

CLASSIFIER = "043c6ab5850a97a8b5af1f264a48fa69414be2a2515ee9034f4c6f04faa48a85"
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
                        {"label": "Japanese", "probability": 0.9918753262745859},
                        {"label": "Albanian", "probability": 0.0024349831513350148},
                    ],
                    "abstained": False,
                    "reason": None,
                },
                {
                    "name": "Ye",
                    "predictions": [
                        {"label": "Korean", "probability": 0.5162658357727439},
                        {"label": "Chinese", "probability": 0.4391707314966028},
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
                0.14354658153971356,
                0.3458406936440954,
                0.06883011377100882,
                0.5511318096320027,
                0.45743746716213063,
            ],
            "rest": 0.10700110977768285,
            "score": 2.0289080089835068,
            "memory": 0.3551202334568728,
            "listed": ["Dutch", "English", "Icelandic", "Irish", "Portuguese", "Scottish"],
            "model": CLASSIFIER,
        },
    ),
}
"""Request and answer for each route."""
