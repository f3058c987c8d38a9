"""TensorFlow Serving over gRPC, with the messages that the server's reflection tells."""

import grpc
import numpy as np
import pytest
from google.protobuf import message_factory
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

import models


class Service:
    def __init__(self, channel):
        self.channel = channel
        self.pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
        # Any of the metadata is unpacked by name.
        self.pool.FindMessageTypeByName("tensorflow.serving.SignatureDefMap")

    def message(self, name):
        return message_factory.GetMessageClass(self.pool.FindMessageTypeByName(name))

    def call(self, service, method, request, **options):
        described = self.pool.FindServiceByName(f"tensorflow.serving.{service}").methods_by_name[method]
        answer = message_factory.GetMessageClass(described.output_type)
        return self.channel.unary_unary(f"/tensorflow.serving.{service}/{method}",
                                        request_serializer=lambda m: m.SerializeToString(),
                                        response_deserializer=answer.FromString)(request, **options)

    def predict_request(self, model="scaled", values=((1, 2, 3, 4),), **spec):
        request = self.message("tensorflow.serving.PredictRequest")()
        request.model_spec.name = model
        for key, value in spec.items():
            if key == "version":
                request.model_spec.version.value = value
            else:
                setattr(request.model_spec, key, value)
        values = np.array(values, np.float32)
        x = request.inputs["x"]
        x.dtype = 1
        for size in values.shape:
            x.tensor_shape.dim.add(size=size)
        x.tensor_content = values.tobytes()
        return request


@pytest.fixture(scope="module")
def service(shared_server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    shared_server.cli("push", "scaled", models.scale(folder / "1.onnx", 2), "--alias", "champion", "--wait")
    shared_server.cli("push", "texts", models.identity(folder / "texts.onnx", "BYTES"), "--wait")
    with grpc.insecure_channel(shared_server.address) as channel:
        yield Service(channel)


def refusal(service, request, service_name="PredictionService", method="Predict"):
    with pytest.raises(grpc.RpcError) as failure:
        service.call(service_name, method, request)
    return failure.value.code().name, failure.value.details()


def test_predict_answers_by_tensor_content(service):
    answer = service.call("PredictionService", "Predict", service.predict_request())
    y = answer.outputs["y"]
    assert [dim.size for dim in y.tensor_shape.dim] == [1, 4] and y.dtype == 1
    assert np.frombuffer(y.tensor_content, np.float32).tolist() == [2, 4, 6, 8]
    assert answer.model_spec.name == "scaled" and answer.model_spec.version.value == 1


def test_typed_fields_are_read_and_filled_up(service):
    request = service.predict_request()
    x = request.inputs["x"]
    x.ClearField("tensor_content")
    x.float_val.extend([1, 5])
    answer = service.call("PredictionService", "Predict", request)
    assert np.frombuffer(answer.outputs["y"].tensor_content, np.float32).tolist() == [2, 10, 10, 10]


def test_strings_return_unchanged(service):
    request = service.predict_request("texts")
    x = request.inputs["x"]
    x.ClearField("tensor_content")
    x.dtype = 7
    texts = [b"", "ä".encode(), b"x" * 5000, b"\0"]
    x.string_val.extend(texts)
    answer = service.call("PredictionService", "Predict", request)
    assert list(answer.outputs["y"].string_val) == texts


@pytest.mark.parametrize("spec", [{"version": 1}, {"version_label": "champion"}, {"signature_name": "serving_default"}])
def test_versions_are_chosen_by_number_and_label(service, spec):
    assert service.call("PredictionService", "Predict", service.predict_request(**spec)).model_spec.version.value == 1


@pytest.mark.parametrize("spec, code, words", [
    ({"model": "nosuch"}, "NOT_FOUND", "nosuch"), ({"version": 9}, "NOT_FOUND", "version 9"),
    ({"version_label": "nobody"}, "NOT_FOUND", "nobody"), ({"version": -1}, "INVALID_ARGUMENT", "-1"),
    ({"signature_name": "classify"}, "INVALID_ARGUMENT", "not found in signature def"),
    ({"values": [[1, 2]]}, "INVALID_ARGUMENT", "shape"), ({"model": ""}, "INVALID_ARGUMENT", "Missing ModelSpec"),
])
def test_wrong_requests_are_told_what_is_wrong(service, spec, code, words):
    name, details = refusal(service, service.predict_request(**spec))
    assert name == code and words in details


def test_outputs_are_chosen(service):
    request = service.predict_request()
    request.output_filter.append("y")
    assert list(service.call("PredictionService", "Predict", request).outputs) == ["y"]
    request.output_filter.append("z")
    assert refusal(service, request)[0] == "INVALID_ARGUMENT"


def test_large_tensors_return_whole(service):
    values = np.random.default_rng(1).random((200_000, 4), np.float32)
    answer = service.call("PredictionService", "Predict", service.predict_request(values=values))
    np.testing.assert_array_equal(np.frombuffer(answer.outputs["y"].tensor_content, np.float32).reshape(-1, 4), values * 2)


def test_metadata_describes_the_signature(service):
    request = service.message("tensorflow.serving.GetModelMetadataRequest")()
    request.model_spec.name = "scaled"
    request.metadata_field.append("signature_def")
    answer = service.call("PredictionService", "GetModelMetadata", request)
    signatures = service.message("tensorflow.serving.SignatureDefMap")()
    assert answer.metadata["signature_def"].Unpack(signatures)
    x = signatures.signature_def["serving_default"].inputs["x"]
    assert x.dtype == 1 and [dim.size for dim in x.tensor_shape.dim] == [-1, 4]
    request.metadata_field.append("other")
    assert refusal(service, request, method="GetModelMetadata")[0] == "INVALID_ARGUMENT"


def test_status_tells_versions_and_states(service):
    request = service.message("tensorflow.serving.GetModelStatusRequest")()
    request.model_spec.name = "scaled"
    answer = service.call("ModelService", "GetModelStatus", request)
    assert [(v.version, v.state, v.status.error_code) for v in answer.model_version_status] == [(1, 30, 0)]
    request.model_spec.name = "nosuch"
    assert refusal(service, request, "ModelService", "GetModelStatus")[0] == "NOT_FOUND"


@pytest.mark.parametrize("method", ["Classify", "Regress", "MultiInference"])
def test_signatures_that_onnx_has_not_are_refused(service, method):
    with pytest.raises(grpc.RpcError) as failure:
        service.channel.unary_unary(f"/tensorflow.serving.PredictionService/{method}")(b"")
    assert failure.value.code() == grpc.StatusCode.UNIMPLEMENTED and "Predict" in failure.value.details()
