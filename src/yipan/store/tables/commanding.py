"""Proposals, orders and tasks on record."""

from yipan.model import Order, Proposal, Task
from yipan.store.nouns import Column, NounTable, Readers

PROPOSALS = NounTable(
    name="proposal",
    noun=Proposal,
    columns=(
        Column(name="desk", sql="text not null", of=lambda proposal: proposal.desk),
        Column(name="kind", sql="text not null", of=lambda proposal: proposal.kind),
        Column(
            name="subject", sql="text not null", of=lambda proposal: proposal.subject, indexed=True
        ),
        Column(
            name="state",
            sql="text not null",
            of=lambda proposal: proposal.state.value,
            indexed=True,
        ),
    ),
)

ORDERS = NounTable(
    name="command_order",
    noun=Order,
    columns=(Column(name="proposal", sql="text", of=lambda order: order.proposal, indexed=True),),
    readers=Readers.LINE,
)

TASKS = NounTable(
    name="task",
    noun=Task,
    columns=(
        Column(name="desk", sql="text not null", of=lambda task: task.desk),
        Column(name="duty", sql="text not null", of=lambda task: task.duty.value),
        Column(name="subject", sql="text not null", of=lambda task: task.subject, indexed=True),
        Column(name="cause", sql="text not null", of=lambda task: task.cause, indexed=True),
        Column(name="state", sql="text not null", of=lambda task: task.state.value, indexed=True),
        Column(name="due", sql="timestamptz", of=lambda task: task.due),
    ),
)

TABLES = (PROPOSALS, ORDERS, TASKS)
"""Proposals, orders, tasks."""
