"""Who hears of it when a stack costs more than it may: before the month is over."""

import pulumi
from pulumi_aws import budgets

from stacks.schema import Budget

ACTUAL_PERCENT = (50, 80, 100)
FORECAST_PERCENT = 100

STACK_TAG = "plimsoll:stack"
OWNER_TAG = "plimsoll:owner"


class BudgetAlarm(pulumi.ComponentResource):
    """A monthly AWS budget over everything that carries the stack's tag; AWS refreshes its figures a few times a day.

    The tag has to be activated once for an account, in the billing console, or AWS counts nothing by it.
    """

    def __init__(self, name: str, spec: Budget, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("plimsoll:eks:BudgetAlarm", name, None, opts)
        budgets.Budget(
            name,
            name=name,
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=f"{spec.monthly_usd:.2f}",
            limit_unit="USD",
            cost_filters=[budgets.BudgetCostFilterArgs(name="TagKeyValue", values=[f"user:{STACK_TAG}${name}"])],
            notifications=[
                *(_notification("ACTUAL", percent, spec.email) for percent in ACTUAL_PERCENT),
                _notification("FORECASTED", FORECAST_PERCENT, spec.email),
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def _notification(kind: str, percent: int, email: str) -> budgets.BudgetNotificationArgs:
    return budgets.BudgetNotificationArgs(
        notification_type=kind,
        comparison_operator="GREATER_THAN",
        threshold=percent,
        threshold_type="PERCENTAGE",
        subscriber_email_addresses=[email],
    )
