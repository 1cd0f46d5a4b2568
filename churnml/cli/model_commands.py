"""Commands about models and their lists."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from churnml.cli.app import app
from churnml.cli.options import (
    Active,
    AsJson,
    Budget,
    Capacity,
    ConfigFile,
    Data,
    Every,
    Force,
    Horizon,
    InSample,
    Keep,
    Language,
    Lead,
    ModelAddress,
    OrderBy,
    Previous,
    Pseudonymize,
    RankBy,
    Seed,
    Snapshot,
    Wait,
    config_of,
    day_of,
)
from churnml.cli.say import say_json
from churnml.cli.show import print_trace, progress_bar, records
from churnml.cli.show_health import end_with_alarm
from churnml.cli.show_outcome import print_change, print_finished, print_outcome, print_training
from churnml.cli.story import print_story


@app.command()
def train(
    data: Data,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Nothing on or after this day is seen.")] = None,
    lists: Annotated[
        str | None, typer.Option("--list", help="Folder of the lists, whose ledger says who was listed and held out.")
    ] = None,
    config_file: ConfigFile = None,
    horizon: Horizon = None,
    active: Active = None,
    lead: Lead = None,
    every: Every = None,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Train, compare and register a model."""
    from churnml.data.engines import without_password
    from churnml.shop_jobs import open_shop
    from churnml.tracking.runs import find_model
    from churnml.tracking.trainer import Trainer

    config = config_of(config_file, horizon, active, lead, every, seed)
    if lists is not None:
        training = config.training.model_copy(update={"lists": lists})
        config = config.model_copy(update={"training": training})
    day = day_of("--as-of", as_of)
    shop = open_shop(data, config)
    with progress_bar() as progress:
        model = Trainer(config=config).fit(shop, day, progress)
    if as_json:
        say_json({"model_version": model.version, **model.card.to_json()})
    else:
        champion = find_model(None, config.tracking).version
        command = f"churnml score {without_password(data)} --out list"
        print_training(model.version, champion, config.tracking.model_name, command, config.scoring.language)


@app.command()
def promote(
    version: Annotated[
        str | None, typer.Argument(metavar="VERSION", help="MLflow's number of a version; default: the challenger.")
    ] = None,
    config_file: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a registered model the champion, which scores."""
    from churnml.tracking.aliases import promote as promote_version

    config = config_of(config_file)
    change = promote_version(config.tracking, version, datetime.now(UTC))
    print_change(change, config.tracking.model_name, config.scoring.language, as_json)


@app.command()
def rollback(config_file: ConfigFile = None, as_json: AsJson = False) -> None:
    """Give the champion's place back to the one before."""
    from churnml.tracking.aliases import rollback as roll_back

    config = config_of(config_file)
    change = roll_back(config.tracking, datetime.now(UTC))
    print_change(change, config.tracking.model_name, config.scoring.language, as_json)


@app.command()
def score(
    data: Data,
    out: Annotated[str, typer.Option("--out", help="Folder for the files, or its address.")],
    snapshot: Snapshot = None,
    model: ModelAddress = None,
    config_file: ConfigFile = None,
    language: Language = None,
    capacity: Capacity = None,
    budget: Budget = None,
    rank_by: RankBy = None,
    order_by: OrderBy = None,
    previous: Previous = None,
    pseudonymize: Pseudonymize = None,
    in_sample: InSample = False,
    force: Force = False,
    keep: Keep = None,
    wait: Wait = 0.0,
    as_json: AsJson = False,
) -> None:
    """Rank the customers of a day with reasons, and say whom to contact."""
    from churnml.shop_jobs import open_shop
    from churnml.workflow import score as run_score

    config = config_of(
        config_file, keep=keep, language=language, capacity=capacity, budget=budget, rank_by=rank_by, order_by=order_by
    )
    day = day_of("--snapshot", snapshot)
    shop = open_shop(data, config, secrets=pseudonymize)
    outcome = run_score(
        shop,
        out,
        config,
        model=model,
        snapshot_date=day,
        in_sample=in_sample,
        previous=previous,
        secrets=pseudonymize,
        force=force,
        wait_seconds=wait,
    )
    print_outcome(outcome, as_json)


@app.command()
def run(
    data: Data,
    out: Annotated[str, typer.Option("--out", help="Folder for the files, or its address.")],
    snapshot: Snapshot = None,
    config_file: ConfigFile = None,
    horizon: Horizon = None,
    active: Active = None,
    lead: Lead = None,
    every: Every = None,
    seed: Seed = None,
    language: Language = None,
    capacity: Capacity = None,
    budget: Budget = None,
    rank_by: RankBy = None,
    order_by: OrderBy = None,
    previous: Previous = None,
    pseudonymize: Pseudonymize = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Make the list although it is there, and replace one that was contacted already."),
    ] = False,
    keep: Keep = None,
    wait: Wait = 0.0,
    monitor: Annotated[
        bool, typer.Option("--monitor", help="Look at the model's health too; a list of broken data is held back.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check, train if that is due, and score a day: the newest, or for lists of the past --snapshot."""
    from churnml.cli.notified import failures_told, tell_done
    from churnml.workflow import Finished
    from churnml.workflow import run as run_all

    scoring = {
        "language": language,
        "capacity": capacity,
        "budget": budget,
        "rank_by": rank_by,
        "order_by": order_by,
    }
    config = config_of(config_file, horizon, active, lead, every, seed, keep, **scoring)
    with failures_told(config), progress_bar() as progress:
        outcome = run_all(
            data,
            out,
            config,
            progress,
            snapshot_date=day_of("--snapshot", snapshot),
            previous=previous,
            secrets=pseudonymize,
            force=force,
            monitor=monitor,
            clock=datetime.now(UTC).replace(tzinfo=None),
            wait_seconds=wait,
        )
    if isinstance(outcome, Finished):
        print_finished(outcome, config.scoring.language, as_json)
        return
    print_outcome(outcome, as_json)
    tell_done(config, outcome)
    if outcome.health is not None:
        end_with_alarm(outcome.health, config)


@app.command()
def explain(
    data: Data,
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="Customer id.")],
    snapshot: Snapshot = None,
    model: ModelAddress = None,
    trace: Annotated[
        str | None, typer.Option("--trace", metavar="FEATURE", help="Show the rows that a feature is computed from.")
    ] = None,
    config_file: ConfigFile = None,
    language: Language = None,
    in_sample: InSample = False,
    as_json: AsJson = False,
) -> None:
    """Tell one customer's story: the reasons, what happened, what to do, and every number behind it."""
    from churnml.shop_jobs import open_shop

    config = config_of(config_file, language=language)
    day = day_of("--snapshot", snapshot)
    shop = open_shop(data, config)
    if trace is not None:
        from churnml.features.trace import trace_value

        traced = trace_value(shop, customer, trace, day or shop.last_day, config.definition)
        if as_json:
            say_json({**vars(traced), "rows": records(traced.rows)})
        else:
            print_trace(traced)
        return
    from churnml.scoring.scorer import Scorer
    from churnml.words.findings import say_value

    ranking = Scorer(model, config).rank(shop, day, in_sample=in_sample)
    explanation = ranking.explain(customer)
    if as_json:
        say_json(
            {
                **records(explanation.row.to_frame().T)[0],
                "customer_id": customer,
                "leaving": [asdict(reason) for reason in explanation.leaving],
                "staying": [asdict(reason) for reason in explanation.staying],
                "concepts": explanation.concepts.to_dict(),
                "features": records(explanation.features),
                "worth": explanation.worth.to_dict(),
                "effect": explanation.effect,
                "events": records(explanation.events),
            }
        )
        return
    print_story(
        explanation,
        ranking.stability([customer]),
        ranking.plays[explanation.row.play],
        ranking.rule_names[explanation.row.play_rule],
        mention=ranking.mention(explanation.row),
        value=say_value(ranking.model.card.value, ranking.language),
        days=config.scoring.value_days,
        language=ranking.language,
        currency=ranking.currency,
    )
