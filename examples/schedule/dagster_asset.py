"""The nightly list as a Dagster asset with a partition a day."""

import subprocess

from dagster import DailyPartitionsDefinition, Failure, MaterializeResult, RetryRequested, asset

HOME = "/srv/churn"


@asset(partitions_def=DailyPartitionsDefinition(start_date="2025-01-01", end_offset=1))
def churn_list(context) -> MaterializeResult:
    command = ["churnml", "--quiet", "--log-format", "json", "run", "shop", "--out", "list"]
    command += ["--config", "settings.yaml", "--snapshot", context.partition_key]
    code = subprocess.run(command, cwd=HOME, check=False).returncode
    if code in (1, 2, 3, 4):
        raise Failure(f"churnml ended with {code}: trying again changes nothing.", allow_retries=False)
    if code:
        raise RetryRequested(max_retries=3, seconds_to_wait=600)
    return MaterializeResult(metadata={"folder": f"{HOME}/list/lists/{context.partition_key}"})
