"""Reading and writing tensors, where no server is needed to see it."""

import numpy as np
import pytest

from app.errors import ModelOutputInvalid
from app.inference.protocol import serving_pb2 as pb
from app.inference.tensors import output_shape, read_float32, write_images
from tests.model_server.server.tiny import card


def tensor(shape: tuple[int, ...], **fields: bytes | list[float]) -> pb.Tensor:
    dims = [pb.TensorShape.Dim(size=size) for size in shape]
    message = pb.Tensor(dtype=pb.DT_FLOAT, tensor_shape=pb.TensorShape(dim=dims))
    for name, value in fields.items():
        message.MergeFrom(pb.Tensor(**{name: value}))  # type: ignore[arg-type]
    return message


def test_pictures_are_written_row_by_row() -> None:
    images = np.arange(24, dtype=np.uint8).reshape(1, 2, 4, 3)
    message = pb.Tensor()
    write_images(images[:, :, ::-1], message)  # a view whose memory lies in another order
    assert message.tensor_content == images[:, :, ::-1].copy().tobytes()
    assert [dim.size for dim in message.tensor_shape.dim] == [1, 2, 4, 3]


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (tensor((2, 2), tensor_content=b"\0" * 15), "15 bytes in x, which are no whole float32s"),
        (tensor((2, 2), tensor_content=b"\0" * 12), r"3 values in x, not the 4 of shape \(2, 2\)"),
        (tensor((2, 2), float_val=[1.0]), r"1 values in x, not the 4 of shape \(2, 2\)"),
        (tensor((2, 2)), r"0 values in x, not the 4"),
    ],
)
def test_tensors_with_too_few_numbers_are_refused(message: pb.Tensor, text: str) -> None:
    with pytest.raises(ModelOutputInvalid, match=text):
        read_float32({"x": message}, "x", (2, 2), "tiny")


def test_arrays_that_were_read_can_be_changed() -> None:
    values = read_float32({"x": tensor((1, 2), tensor_content=b"\0" * 8)}, "x", (1, 2), "tiny")
    values[0, 0] = 1.0
    assert values.tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize("text", ["float32 [n, 20, 6]", "float32 [n,20,6]"])
def test_the_card_says_an_output_s_shape(text: str) -> None:
    assert output_shape(card("tiny", {"detections": text}), "detections") == (20, 6)


def test_a_card_that_says_it_otherwise_is_refused() -> None:
    with pytest.raises(ValueError, match="must look like"):
        output_shape(card("tiny", {"embedding": "four numbers"}), "embedding")
