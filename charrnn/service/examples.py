"""Examples for the documentation: real answers of the shipped models; a test keeps them true."""

from __future__ import annotations

from typing import Any

CLASSIFIER = "fd47f01c85252821b725ddfe2f3e0c239d7b5b4a787b1dc79b28964290130e86"
GENERATOR = "e9abbeae933d924cfbd06bd13a8eb1a0c008be4e8074a45357db0add5299bf14"
NAMES: list[dict[str, Any]] = [
    {
        "name": "O Coi",
        "log_probability": -11.4318,
        "stamp": "eyJtb2RlbCI6ImU5YWJiZWFlOTMzZDkyNGMiLCJhdHRlbXB0IjowLCJsYWJlbCI6IklyaXNoIiwi"
        "c2VlZCI6Nywic2FtcGxpbmciOnsidGVtcGVyYXR1cmUiOjAuOH0sImNvbnN0cmFpbnRzIjp7ImFueV9jYXNlIjpmYWxzZX19",
    },
    {
        "name": "Mac Caollan",
        "log_probability": -12.7854,
        "stamp": "eyJtb2RlbCI6ImU5YWJiZWFlOTMzZDkyNGMiLCJhdHRlbXB0IjoxLCJsYWJlbCI6IklyaXNoIiwi"
        "c2VlZCI6Nywic2FtcGxpbmciOnsidGVtcGVyYXR1cmUiOjAuOH0sImNvbnN0cmFpbnRzIjp7ImFueV9jYXNlIjpmYWxzZX19",
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
                        {"label": "Japanese", "probability": 0.9868816993557873},
                        {"label": "Arabic", "probability": 0.010813861706125224},
                    ],
                    "abstained": False,
                    "reason": None,
                },
                {
                    "name": "Ye",
                    "predictions": [
                        {"label": "Chinese", "probability": 0.5280684378313665},
                        {"label": "Korean", "probability": 0.3953438680180903},
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
                0.6174772239899652,
                0.36202153288332295,
                0.14079122883849174,
                0.8673140850898609,
                1.7104183343708705,
            ],
            "rest": -0.09508894213245278,
            "score": 3.602933463040059,
            "model": CLASSIFIER,
        },
    ),
}
"""Request and answer for each route."""
