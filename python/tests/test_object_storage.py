"""A run in object storage, read and written by the workers of both engines through S3's own protocol."""

import clusters
import numpy as np
import pytest
import sharded

import oodbench

REGION = "eu-west-1"


pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.fixture(scope="module")
def run(tmp_path_factory, program):
    return sharded.run(tmp_path_factory.mktemp("run"), program, "features", ["energy", "knn"])


@pytest.fixture
def storage(run, engine):
    s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed; python/tests/requirements-engines.txt names it")
    server = pytest.importorskip("moto.server", reason="moto is not installed; python/tests/requirements-engines.txt names it")
    folder, _, _ = run
    served = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    served.start()
    try:
        host, port = served.get_host_and_port()
        options = {"key": "nobody", "secret": "nothing", "client_kwargs": {"endpoint_url": f"http://{host}:{port}", "region_name": REGION}}
        fs = s3fs.S3FileSystem(**options)
        # All servers of a process have the same buckets.
        bucket = f"measurements-{engine}"
        fs.mkdir(bucket, region_name=REGION)
        for file in folder.rglob("*"):
            if file.is_file():
                fs.put_file(str(file), f"{bucket}/runs/{folder.name}/{file.relative_to(folder).as_posix()}")
        yield fs, options, bucket
    finally:
        served.stop()


@pytest.mark.parametrize("engine", clusters.ENGINES)
def test_records_from_object_storage_are_those_of_the_program(engine, run, storage):
    parquet = pytest.importorskip("pyarrow.parquet")
    folder, scores, expected = run
    fs, options, bucket = storage
    url = f"s3://{bucket}/runs/{folder.name}"
    with clusters.start(engine, 2) as evaluate:

        def evaluated(out):
            return evaluate(url, scores=scores, out=f"s3://{bucket}/{out}", memory=sharded.MEMORY, storage_options=options, progress=False)

        assert evaluated("scores").text("json") == expected
        # A part for each task of up to 256 rows, whole, and nothing beside them.
        fs.invalidate_cache()
        parts = fs.ls(f"{bucket}/scores", detail=False)
        assert len(parts) == 10 and all(part.endswith(".parquet") for part in parts)
        assert sum(len(parquet.read_table(fs.open(part))) for part in parts) == sum(map(sum, sharded.SIZES.values()))

        rows = np.zeros(sharded.SIZES["ood/blank"] + [sharded.COLUMNS], np.float32)
        rows[3, 1] = np.nan
        with fs.open(f"{url}/ood/blank/features-00000.npy", "wb") as file:
            np.save(file, rows)
        with pytest.raises(oodbench.ShardError, match="blank/features-00000.npy, row 3: found NaN or infinite"):
            evaluated("scores-of-bad-rows")
