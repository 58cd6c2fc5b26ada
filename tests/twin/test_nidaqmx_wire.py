"""What is written by hand on NI's wire is what protobuf itself would write."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from nidaqmx._stubs import nidaqmx_pb2 as pb
from numpy.typing import NDArray

from rig.twin.devices.nidaqmx_wire import Refusal, read_f64_reply, read_i16_reply, refusal


def test_every_code_of_sixteen_bits_is_written_as_protobuf_does() -> None:
    codes = np.arange(-32768, 32768, dtype=np.int16)
    written = read_i16_reply(codes, len(codes))
    ours = pb.ReadBinaryI16Response.FromString(written)
    assert list(ours.read_array) == codes.tolist()
    assert written == ours.SerializeToString()


@given(arrays.arrays(np.float64, st.tuples(st.integers(1, 3), st.integers(1, 200)), elements=st.floats(-11, 11)))
def test_volts_arrive_channel_by_channel(volts: NDArray[np.float64]) -> None:
    written = read_f64_reply(volts, volts.shape[1])
    reply = pb.ReadAnalogF64Response.FromString(written)
    assert np.array_equal(np.array(reply.read_array), volts.ravel())
    assert reply.samps_per_chan_read == volts.shape[1]


def test_a_refusal_says_how_far_a_read_had_come() -> None:
    assert refusal(-200284, samples_read=7).metadata() == (("ni-error", "-200284"), ("ni-samps-per-chan-read", "7"))
    assert refusal(-50103).metadata() == (("ni-error", "-50103"),)
    assert Refusal(code=-1, message="", samples_written=3).metadata()[-1] == ("ni-samps-per-chan-written", "3")
    assert "-200220" in refusal(-200220).message
