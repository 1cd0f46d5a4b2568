"""What is learned from, and how."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from churnml.config.section import Section


class SnapshotSettings(Section):
    """Days on which customers are looked at for training."""

    every_days: int = Field(30, ge=1, le=365, description="Days between two training snapshots.")
    at_most: int | None = Field(None, ge=1, description="Use only so many of the newest snapshots; empty uses all.")


class SuppliedSettings(Section):
    """A table of features that were computed elsewhere."""

    file: str = Field(description="Parquet or CSV file with customer_id, snapshot_date, the known-time and numbers.")
    known_at: str = Field(description="The column that says when the numbers of a row were known.")
    concept: str | None = Field(None, description="What their reasons are about; empty takes the family's name.")


class FeatureSettings(Section):
    """Which features are built."""

    families: list[str] | None = Field(None, description="Families to use; empty uses all that the tables allow.")
    plugins: list[str] = Field([], description="Modules or Python files with feature families of your own.")
    supplied: dict[str, SuppliedSettings] = Field(
        {}, description="Features that were computed elsewhere, by the family that they make."
    )
    store: str | None = Field(
        "models/features", description="Folder that keeps built features until a training is done; empty keeps none."
    )


class TrainingSettings(Section):
    """How models are fitted and compared."""

    candidates: list[str] = Field(
        ["recency_rule", "bg_nbd", "rfm_logistic", "spline_logistic", "lightgbm", "blend"],
        min_length=1,
        description="Models to compare, simplest first.",
    )
    folds: int = Field(6, ge=1, description="At most so many forward folds for the choice, the newest ones.")
    max_rows: int = Field(2_000_000, ge=1_000, description="Above this, a seeded sample of whole customers is used.")
    fold_rows: int = Field(
        150_000, ge=1_000, description="A fold learns from so many rows at most, of whole customers."
    )
    fade_days: int | None = Field(
        None,
        ge=0,
        description="Days in which the weight of a snapshot halves; 0 for none, empty lets the folds choose.",
    )
    tune_minutes: float = Field(
        0.0, ge=0, description="Minutes for tuning LightGBM with Optuna (extra tune); 0 does not."
    )
    tune_store: str = Field("models/tuning.db", description="File that keeps the trials, so that a search resumes.")
    treated: Literal["reweigh", "keep", "drop"] = Field(
        "reweigh",
        description="Rows of customers who were on a list in their label window: left out, those held out stand for "
        "them; kept as they are; or left out, and nobody stands for them.",
    )
    lists: str | None = Field(
        None, description="Folder of the lists, whose ledger says who they are; run takes its own, empty none."
    )
    bootstrap_draws: int = Field(200, ge=20, description="Draws for the intervals of the figures.")
    threads: int = Field(
        2, ge=1, description="Threads for training: folds side by side share them, as LightGBM does in one fit."
    )


class TrackingSettings(Section):
    """Where MLflow keeps runs and models."""

    uri: str | None = Field(
        None, description="Tracking address; empty uses MLFLOW_TRACKING_URI, else models/mlflow.db."
    )
    experiment: str = Field("churnml", description="Name of the experiment.")
    model_name: str = Field("churn", description="Name of the registered model.")
    telemetry: bool = Field(False, description="Let MLflow tell its makers over the network how it is used.")
