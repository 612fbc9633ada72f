#!/usr/bin/env python3
"""Checks an InferenceService against KServe's schema.

    .setup/servers/kserve/bin/python scripts/check-kserve.py FILE.yaml …

The schema is that of the package kserve and of the Kubernetes client that it uses: classes that OpenAPI Generator made of KServe's
and Kubernetes' definitions. Every field must be one of theirs and have their type. What these definitions say in words or
only in the controller (pkg/apis/serving/v1beta1/component.go and inference_service_validation.go in kserve/kserve) is
checked after them.
"""

import re
import sys

import kserve
import kubernetes.client
import yaml

PLAIN = {"str": str, "int": int, "bool": bool, "float": (int, float), "object": object, "ResourceQuantity": (str, int)}


def check(value, kind, place):
    """Yields what is wrong with a value that is to be of this kind."""
    if match := re.fullmatch(r"list\[(.*)\]", kind):
        if not isinstance(value, list):
            yield f"{place} is no list"
            return
        for number, item in enumerate(value):
            yield from check(item, match[1], f"{place}[{number}]")
    elif match := re.fullmatch(r"[dD]ict[(\[](\w+), (.*)[)\]]", kind):
        if not isinstance(value, dict):
            yield f"{place} is no map"
            return
        for key, item in value.items():
            yield from check(item, match[2], f"{place}.{key}")
    elif kind in PLAIN:
        if not isinstance(value, PLAIN[kind]) or (kind in ("int", "str") and isinstance(value, bool)):
            yield f"{place} is {value!r}, not of type {kind}"
    else:
        made = getattr(kserve, kind, None) or getattr(kubernetes.client, kind, None)
        if made is None:
            yield f"{place}: nobody knows {kind}"
        elif not isinstance(value, dict):
            yield f"{place} is no {kind}"
        else:
            names = {json: name for name, json in made.attribute_map.items()}
            for key, item in value.items():
                if key not in names:
                    yield f"{place} has no field {key}"
                else:
                    yield from check(item, made.openapi_types[names[key]], f"{place}.{key}")


def rules(service):
    """Yields what KServe's controller refuses."""
    if service.get("apiVersion") != "serving.kserve.io/v1beta1" or service.get("kind") != "InferenceService":
        yield "it is no InferenceService of v1beta1"
    name = service["metadata"]["name"]
    if not re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", name) or len(name) > 63:
        yield f"the name {name!r} isn't one of Kubernetes"
    predictor = service["spec"]["predictor"]
    if not 0 <= predictor["minReplicas"] <= predictor["maxReplicas"]:
        yield "minReplicas isn't between 0 and maxReplicas"
    if predictor["scaleMetric"] not in ("cpu", "memory", "concurrency", "rps"):
        yield f"scaleMetric is {predictor['scaleMetric']!r}"
    if predictor["model"]["protocolVersion"] not in ("v1", "v2", "grpc-v1", "grpc-v2"):
        yield "protocolVersion isn't known"
    if "name" not in predictor["model"]["modelFormat"]:
        yield "modelFormat has no name"
    if not re.match(r"(s3|gs|pvc|hdfs|webhdfs|https?|oci|hf)://", predictor["model"]["storageUri"]):
        yield "storageUri has no known scheme"


def main(paths):
    wrong = False
    for path in paths:
        with open(path, encoding="utf-8") as file:
            service = yaml.safe_load(file)
        for problem in [*check(service, "V1beta1InferenceService", "InferenceService"), *rules(service)]:
            print(f"{path}: {problem}", file=sys.stderr)
            wrong = True
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
