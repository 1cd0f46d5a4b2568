"""The nightly list as an Airflow DAG: a day that failed can be cleared, and days in the past back-filled."""

import subprocess
from datetime import datetime, timedelta

from airflow.decorators import dag, task
from airflow.exceptions import AirflowException, AirflowFailException, AirflowSkipException

HOME = "/srv/churn"


@dag(
    schedule="30 5 * * *",
    start_date=datetime(2025, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=10)},
)
def churn():
    @task
    def make_list(ds: str) -> None:
        command = ["churnml", "--quiet", "--log-format", "json", "run", "shop", "--out", "list"]
        command += ["--config", "settings.yaml", "--snapshot", ds]
        code = subprocess.run(command, cwd=HOME, check=False).returncode
        if code == 5:
            raise AirflowSkipException("Another run works there.")
        if code in (1, 2, 3, 4):
            raise AirflowFailException(f"churnml ended with {code}: trying again changes nothing.")
        if code:
            raise AirflowException(f"churnml ended with {code}: the outside failed, or the run was stopped.")

    make_list()


churn()
