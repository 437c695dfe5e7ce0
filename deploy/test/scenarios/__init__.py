"""What happens to a blog in production, one function each. They run in this order: each finds the stack
whole and leaves it so."""

from scenarios.content import first, going_back, new_content, new_style, nothing_new, same_again
from scenarios.faults import full_disk, kill_each, wrong_password
from scenarios.laptop import compose, template
from scenarios.running import backup, client_address, comments, https, rotate
from scenarios.several import drain_node, lose_leader, lose_node, spread
from scenarios.updates import (
    bad_images, crash, direct, never_ready, update_api, update_blog_static, update_door, update_gateway,
)


def by_name(*scenarios):
    return {scenario.__name__.replace("_", "-"): scenario for scenario in scenarios}


# On one node.
ONE = by_name(
    first, nothing_new, same_again, client_address, new_content, new_style, update_api,
    update_blog_static, update_gateway, update_door, crash, never_ready, bad_images, going_back,
    kill_each, wrong_password, rotate, comments, https, direct, backup, full_disk, template, compose,
)
# On several.
SEVERAL = by_name(
    first, spread, nothing_new, same_again, new_content, update_api, update_blog_static, update_gateway,
    crash, drain_node, lose_node, lose_leader, kill_each, rotate, backup,
)
