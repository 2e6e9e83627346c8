"""The recipe of docs/scale.md for Spark, on this machine: rows a second, and whether the figures are those of one process.

    pip install pyspark pyarrow pandas      # and a Java runtime
    python examples/scale/spark.py FOLDER [ROWS]
"""

import os
import re
import sys
import time
from pathlib import Path

import numpy as np
import oodbench
import pyarrow
import pyarrow.parquet
import pyspark
from pyspark.sql import SparkSession

PAGE = Path(__file__).resolve().parents[2] / "docs" / "scale.md"
FILES, COLUMNS, ROUNDS = 20, 100, 3


def main(folder, rows=2_000_000):
    rng = np.random.default_rng(0)
    is_ood = rng.random(rows) < 0.3
    logits = rng.normal(size=(rows, COLUMNS)).astype(np.float32) * np.where(is_ood, 1, 1.5).astype(np.float32)[:, None]
    folder.mkdir(parents=True, exist_ok=True)
    for number, part in enumerate(np.array_split(np.arange(rows), FILES)):
        lists = pyarrow.FixedSizeListArray.from_arrays(logits[part].ravel(), COLUMNS).cast(pyarrow.list_(pyarrow.float32()))
        pyarrow.parquet.write_table(pyarrow.table({"logits": lists, "is_ood": is_ood[part]}), folder / f"{number:02d}.parquet")
    # Its workers would take another Python than this one.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    settings = {"spark.ui.enabled": "false", "spark.driver.memory": "6g", "spark.sql.execution.arrow.maxRecordsPerBatch": "20000"}
    spark = SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
    frame = spark.read.parquet(str(folder))
    frame.count()
    recipe = re.search(r"\*\*Spark\*\*.*?```\n(.*?)```", PAGE.read_text(), re.DOTALL).group(1)
    for _ in range(ROUNDS):
        start, names = time.perf_counter(), {"frame": frame, "oodbench": oodbench, "pyarrow": pyarrow}
        exec(recipe, names)
        seconds = time.perf_counter() - start
        print(f"PySpark {pyspark.__version__}: {seconds:.1f} s, {rows / seconds:,.0f} rows/s", flush=True)
    whole = oodbench.Metrics()
    whole.update(oodbench.score(scores="energy", logits=logits)["energy"], is_ood)
    if names["total"].compute("lee") != whole.compute("lee"):
        sys.exit("the figures are not those of one process")
    print("figures: the same")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
