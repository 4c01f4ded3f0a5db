"""What requests may hold and answers hold: the one place that says so; the OpenAPI document is made from it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from charrnn.generation.full_request import FULL, FULL_NAME_TEMPERATURE
from charrnn.generation.sampling import TEMPERATURE
from charrnn.text import MAX_LENGTH

MAX_NAMES = 1000
"""Names of one request at most."""
MAX_EXPLAINED = 20
"""Names of one request at most where each is explained."""
MAX_NEAREST = 100
"""Names of one request at most where the nearest training name of each is wanted."""
MAX_SEED = 2**53 - 1
"""Above it, JavaScript cannot tell whole numbers apart."""
LABEL_LENGTH, PATTERN_LENGTH, STAMP_LENGTH = 100, 500, 65_536
"""A stamp holds all that was asked for, each character that is not ASCII as six bytes or twelve: it always fits."""

Text = Annotated[str, Field(max_length=MAX_LENGTH)]
LabelName = Annotated[str, Field(max_length=LABEL_LENGTH)]
Weights = Annotated[dict[LabelName, Annotated[float, Field(ge=0, le=1e9)]], Field(min_length=1, max_length=1000)]
Blend = Annotated[dict[LabelName, Annotated[float, Field(gt=0, le=1e9)]], Field(min_length=1, max_length=20)]
Kind = Annotated[str, Field(max_length=LABEL_LENGTH)]
Labels = Annotated[list[LabelName], Field(min_length=1, max_length=1000)]
Prior = Literal["model", "uniform"] | Weights
Probability = Annotated[float, Field(ge=0, le=1)]


class Body(BaseModel):
    """The body of a request: values are never converted, and unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class ClassifyRequest(Body):
    """Names, and how to answer."""

    names: list[str | None] = Field(
        min_length=1,
        max_length=MAX_NAMES,
        description="Answered in this order. What cannot be scored abstains in its place; null is a missing name.",
        examples=[["Satoshi", "O'Sullivan"]],
    )
    top_k: int = Field(3, ge=0, le=10_000, description="Labels for each name; 0 gives all.")
    prior: Prior = Field(
        "model",
        description="Label frequencies: those of training, all equal, or a weight for each label (others impossible).",
    )
    labels: Labels | None = Field(
        None, description="Ask among these alone.", examples=[["Irish", "Scottish", "English"]]
    )
    kind: Kind | None = Field(None, description="Of the names, such as surname. Default: any that the model knows.")
    level: Literal["label", "family"] = Field("label", description="Answer with labels, or with their families.")
    whole: bool = Field(False, description="Read each text as one name, also where it looks like a full name.")
    coverage: Probability | None = Field(
        None, description="0.8, 0.9 or 0.95: as many labels as hold the true one for this share of names."
    )
    min_probability: Probability = Field(0.0, description="Abstain where the most probable label has less.")
    explain: bool = Field(
        False, description=f"Say how much each character contributes; for up to {MAX_EXPLAINED} names."
    )

    @model_validator(mode="after")
    def _explains_few(self) -> ClassifyRequest:
        if self.explain and self.level == "family":
            raise ValueError("explain: is about labels, not families. Leave level out")
        if self.explain and len(self.names) > MAX_EXPLAINED:
            raise ValueError(f"explain: is for up to {MAX_EXPLAINED} names. Ask for fewer at a time")
        return self


class Shape(Body):
    """What names look like. In all of it, letter case matters."""

    prefix: Text = Field("", description="How names begin.")
    suffix: Text = Field("", description="How they end.")
    contains: Text = Field("", description="What occurs in them.")
    pattern: str = Field("", max_length=PATTERN_LENGTH, description="A regular expression for the whole name.")
    characters: str = Field("", max_length=300, description="The only characters that occur.")
    min_length: int = Field(1, ge=1, le=MAX_LENGTH)
    max_length: int | None = Field(None, ge=1, le=MAX_LENGTH, description="Default: as in the training names.")


class GenerateRequest(Shape):
    """What names to invent."""

    label: LabelName | None = Field(
        None,
        description="One of the labels, or * for any; may be left out where the model has one.",
        examples=["Irish"],
    )
    blend: Blend | None = Field(None, description="In place of a label: weights of several.")
    kind: Kind | None = Field(
        None, description="Of names, such as surname, female or male; full for full names. Default: any."
    )
    gender: Literal["any", "female", "male"] | None = Field(
        None, description="Of full names. Default: any, drawn for each name."
    )
    surname: Shape | None = Field(
        None, description="What surnames of full names look like; the fields here are for given names."
    )
    n: int = Field(10, ge=1, le=MAX_NAMES, description="Number of names.")
    seed: int | None = Field(
        None, ge=0, le=MAX_SEED, description="The same seed gives the same names. Default: a random one.", examples=[7]
    )
    temperature: float | None = Field(
        None,
        ge=0,
        le=100,
        description="0 is the most probable character, 1 follows the model. "
        f"Default: {TEMPERATURE}; of full names {FULL_NAME_TEMPERATURE}.",
    )
    top_k: int = Field(0, ge=0, le=10_000, description="Draw among the most probable characters; 0 among all.")
    top_p: float = Field(1.0, gt=0, le=1, description="Draw among characters that together reach this probability.")
    any_case: bool = Field(
        False, description="Capitals, digits and symbols anywhere. Default: where the training names have them."
    )
    ascii: bool = Field(
        False, description="Write names in ASCII, as Dvorak; of the constraints, too, the ASCII form counts."
    )
    novel: bool = Field(False, description="Only names whose letters are those of no training name, none twice.")
    resample: int | None = Field(
        None, ge=1, le=256, description="Candidates for each name. Default: 16 with a constraint, else 1."
    )
    nearest: bool = Field(
        False, description=f"Show the nearest training name and its edit distance; for up to {MAX_NEAREST} names."
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> GenerateRequest:
        if self.label is not None and self.blend is not None:
            raise ValueError("blend: stands in place of a label. Leave one of them out")
        if self.nearest and self.n > MAX_NEAREST:
            raise ValueError(f"nearest: is for up to {MAX_NEAREST} names. Ask for fewer at a time")
        if self.kind == FULL and self.nearest:
            raise ValueError("nearest: is for single names, not for full ones. Leave it out")
        for field in ("gender", "surname") if self.kind != FULL else ():
            if getattr(self, field) is not None:
                raise ValueError(f"{field}: is for full names. Set kind to {FULL}")
        return self


class RepeatRequest(Body):
    """The stamp of a name."""

    stamp: str = Field(min_length=1, max_length=STAMP_LENGTH, description="As an answer of generate holds it.")


class ExplainRequest(Body):
    """A name whose decision is to be explained."""

    name: str = Field(examples=["O'Sullivan"])
    prior: Prior = "model"
    labels: Labels | None = Field(None, min_length=2, description="Ask among these alone.")
    kind: Kind | None = Field(None, description="Of the name, such as surname.")
    whole: bool = Field(False, description="As for classify.")


class LabelProbability(BaseModel):
    """A label and its probability."""

    label: str
    probability: float


class Explanation(BaseModel):
    """How much each character contributes to the decision between two labels, in nats.

    Shares, rest and memory sum to score.
    """

    characters: str = Field(description="The name as the model reads it.")
    label: str = Field(description="The most probable label: positive shares favour it.")
    other: str = Field(description="The next one: negative shares favour it.")
    shares: list[float] = Field(description="One for each character.")
    rest: float = Field(description="What belongs to no character.")
    score: float = Field(description="log p(label) - log p(other).")
    memory: float = Field(description="What the list adds, because it has exactly this name.")
    listed: list[str] = Field(description="The labels under which it has it.")


class NamePart(BaseModel):
    """A part of a full name."""

    text: str
    kind: str = Field(description="What it is, or was taken for: given or surname.")


class Classification(BaseModel):
    """The answer for one name."""

    name: str | None = Field(description="As it was given.")
    predictions: list[LabelProbability] = Field(description="Best first; empty where the name cannot be scored.")
    abstained: bool
    reason: str | None = Field(
        description="missing-name, no-letters, too-long, unsupported-script, too-many-parts, several-scripts, "
        "out-of-vocabulary, not-a-name, "
        "unlike-training or uncertain-score."
    )
    parts: list[NamePart] | None = Field(
        None, description="Of a full name, in their order; there if the text was not read as one name."
    )
    explanation: Explanation | None = Field(None, description="There if it was asked for and the name can be scored.")


class ClassifyAnswer(BaseModel):
    """An answer for each name, in order."""

    results: list[Classification]
    model: str = Field(description="SHA-256 of the weights.")


class GeneratedName(BaseModel):
    """An invented name."""

    name: str
    parts: list[NamePart] | None = Field(None, description="Of a full name, in their order; only there.")
    gender: str | None = Field(None, description="Of a full name: female or male; only there.")
    log_probability: float = Field(description="By the model itself, whatever temperature and constraints, in nats.")
    stamp: str = Field(description="What repeat needs to draw this name again.")
    nearest: str | None = Field(None, description="The nearest training name; there if it was asked for.")
    distance: int | None = Field(None, description="How many edits away it is; 0 for a training name.")


class End(BaseModel):
    """The last line of a stream."""

    seed: int
    complete: bool = Field(description="Whether all names that were asked for are there.")
    message: str | None = Field(description="Why they are not.")


class GenerateAnswer(End):
    """Invented names."""

    names: list[GeneratedName]
    model: str = Field(description="SHA-256 of the weights.")


class RepeatAnswer(GeneratedName):
    """The name of a stamp."""

    model: str = Field(description="SHA-256 of the weights.")


class ExplainAnswer(Explanation):
    """The explanation of a name."""

    name: str
    model: str = Field(description="SHA-256 of the weights.")


class ModelDescription(BaseModel):
    """A model that is served."""

    task: Literal["classifier", "generator"]
    labels: list[str]
    kinds: list[str] = Field(description="Of names, which a request may ask for; empty if the model knows of none.")
    full_names: bool = Field(description="Whether a generator makes full names, or a classifier reads them.")
    families: dict[str, str] = Field(description="Of the labels; empty if the model does not know them.")
    alphabet: str = Field(description="The characters that it knows, after its own cleaning of names.")
    sha256: str = Field(description="Of the weights; answers name it as model.")
    scores: dict[str, dict[str, Any]] = Field(description="On names that it never saw, as its model card has them.")


class ModelsAnswer(BaseModel):
    """The models that are served, and what a request may ask of them."""

    models: list[ModelDescription]
    limits: dict[str, float]


class Status(BaseModel):
    """Whether the server is alive or ready."""

    status: str


class ProblemDetails(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(examples=["urn:charrnn:problem:unknown-label"])
    title: str
    status: int
    detail: str = Field(description="One line: what, where, and the next move.")
    field: str | None = Field(None, description="Of the request that is at fault.")
