"""What a plan says of itself for a report: why it tests, how, by which standards, and why that is enough."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from rig.plan.terms import Prose, Text

__all__ = ["AboutPart", "StandardPart"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class StandardPart(_Part):
    """A standard that the method follows."""

    name: Text = Field(description="for example IEC 60601-2-10")
    edition: Text = Field(description="edition or version, with its amendments")
    deviations: Prose | None = Field(default=None, description="where the method does otherwise, and why")


class AboutPart(_Part):
    """What a report says beside the cases; all of it is written before the run, and none of it changes one."""

    objective: Prose | None = Field(default=None, description="what the test is to show")
    customer: Prose | None = Field(default=None, description="for whom, with an address")
    method: Prose | None = Field(default=None, description="how it is tested, and why with these settings")
    standards: tuple[StandardPart, ...] = Field(default=(), description="standards that the method follows")
    sampling: Prose | None = Field(default=None, description="how many items, how they were chosen, and why so")
    worst_case: Prose | None = Field(default=None, description="why these are the worst cases of the device's family")
    acceptance: Prose | None = Field(default=None, description="why these acceptance criteria")
    analysis: Prose | None = Field(default=None, description="how the data are to be analysed")
