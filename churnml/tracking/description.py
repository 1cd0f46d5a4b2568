"""What a registered model, its version and its run say of themselves to people who find them in MLflow."""

from __future__ import annotations

from churnml.models.card import Card
from churnml.tracking.markdown import paragraphs, said, table, words
from churnml.words.findings import say_level
from churnml.words.names import name_of

OF_ALL = (
    "Which customers of an online shop are about to leave: features of a customer in, the probability of leaving out. "
    "Made by churnml. The version with the alias champion makes the lists; a challenger waits for "
    "`churnml promote`. Each version says of itself how it was judged."
)
_LONGEST = 5_000  # what MLflow's tables hold of a description
_FIGURES = ("auroc", "shape_loss", "lift_at_10pct", "calibration_error")


def describe(card: Card, verdict: str) -> str:
    """Describe what a training found in a few lines of Markdown.

    Parameters
    ----------
    card : mapping of str to object
        Card of the training.
    verdict : str
        Sentence that says what the gate found, the champion of before included.

    Returns
    -------
    str
        Text with what the model predicts, as of which day, the verdict, the level and the main figures; 5,000 letters
        at most.
    """
    definition = card.definition
    figures = {name: figure for name, figure in card.figures.items() if name in _FIGURES}
    learnt = f"learnt by the {name_of('candidate', card.candidate, 'en')} from {said(card.rows)} rows"
    text = paragraphs(
        [
            f"Who leaves within {definition.horizon_days} days, counted from {definition.lead_days} days after "
            f"the day of the list ({words(definition.kind)}): {learnt} of what was known on {card.as_of}.",
            said(verdict),
            said(say_level(card.level, "en")) if card.level else "",
            table(
                ["Figure", "At the gate", "95 % interval"],
                [
                    [words(name), figure.value, f"{said(figure.low)} to {said(figure.high)}"]
                    for name, figure in figures.items()
                ],
            ),
        ]
    )
    return text[:_LONGEST]
