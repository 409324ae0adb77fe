"""The collection synthesio.ovh: each of its modules, unchanged, twice where that is to change nothing, and taken away.

Modules run in this process, as Ansible runs them: their arguments are JSON, and so is what they say. Each step has what
is to come of it: "changed", "ok", or the beginning of the message of a failure.
"""

import contextlib
import importlib
import io
import json
import os
import sys

os.environ.update({f"OVH_{name.upper()}": value for name, value in json.loads(os.environ["KEYS"]).items()})
os.environ["OVH_ENDPOINT"] = "ovh-eu"

import here  # noqa: F401 - leads ovh-eu to the sandbox
import ovh
from ansible.module_utils import basic

HOME = "ansible_collections.synthesio.ovh.plugins.modules"
outcomes: list = []


def run(module: str, wanted: str, **arguments: object) -> dict:
    """Run a module, note what was wanted and what came, and return what it said."""
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
    basic._ANSIBLE_PROFILE = "legacy"
    text = io.StringIO()
    said: dict = {}
    try:
        with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
            importlib.import_module(f"{HOME}.{module}").run_module()
        said = json.loads(text.getvalue().splitlines()[-1])
        came = f"{said['msg']}" if said.get("failed") else "changed" if said.get("changed") else "ok"
    except Exception as error:  # a module that does not catch it fails with it
        came = type(error).__name__
    outcomes.append([module, wanted, came if came == wanted or not came.startswith(wanted) else wanted])
    return said


def twice(module: str, **arguments: object) -> dict:
    """Run a module that changes something once."""
    said = run(module, "changed", **arguments)
    run(module, "ok", **arguments)
    return said


client = ovh.Client()
server = {"service_name": "ns1.ip-192-0-2.eu"}
project = {"service_name": client.get("/cloud/project")[0]}
wait = {"max_retry": 5, "sleep": 0}

# Zones.
record = {"domain": "example.com", "name": "ansible"}
run("domain", "changed", _ansible_check_mode=True, value=["192.0.2.7"], **record)
twice("domain", value=["192.0.2.7"], **record)
twice("domain", value=["192.0.2.8"], append=True, **record)
twice("domain", value=["192.0.2.9"], **record)
run("domain", "changed", value=["192.0.2.9"], state="absent", **record)
run("domain", "ok", value=["192.0.2.9"], state="absent", **record)
twice("domain", value=['"v=spf1 -all"'], record_type="TXT", **record)
run("domain", "Fails calling API", value=["192.0.2.999"], **record)

# Dedicated servers.
run("dedicated_server_boot", "ok", boot="harddisk", **server)
for boot in ("rescue-customer", "rescue12-customer", "ipxe-shell", "poweroff", "harddisk"):
    twice("dedicated_server_boot", boot=boot, **server)
run("dedicated_server_boot", "changed", boot="harddisk", force_reboot=True, **server)
run("dedicated_server_boot_wait", "ok", **wait, **server)
run("dedicated_server_installation", "changed", operating_system="debian12_64", **server)
run("dedicated_server_install_wait", "ok", **wait, **server)
twice("dedicated_server_display_name", display_name="front", **server)
twice("dedicated_server_engagement_strategy", engagement_strategy="REACTIVATE_ENGAGEMENT", **server)
for info in ("hardware_info", "network_info", "ip_info", "info", "compatible_templates", "networkinterfacecontroller"):
    run(f"dedicated_server_{info}", "ok", **server)
for name, on, off in (("intervention", "enabled", "disabled"), ("monitoring", "present", "absent")):
    for state in (on, off, on):
        run(f"dedicated_server_{name}", "changed" if outcomes[-1][0].endswith(name) else "", state=state, **server)
        run(f"dedicated_server_{name}", "ok", state=state, **server)
twice("dedicated_server_rescuesshkey", ssh_key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA ada@example.com", **server)
for vrack in ("pn-100001", "pn-100002"):
    run("dedicated_server_vrack", "ok", vrack=vrack, state="absent", **server)
    twice("dedicated_server_vrack", vrack=vrack, **server)
    run("dedicated_server_ola_configure", "private on", **server)
    twice("dedicated_server_vrack", vrack=vrack, state="absent", **server)
run("dedicated_server_ola_unconfigure", "ns1.ip-192-0-2.eu doesn't seems", **server)
for module in ("dedicated_server_ola_configure", "dedicated_server_ola_unconfigure"):
    task = run(module, "changed", **server)["task"]["taskId"]
    run("dedicated_server_ola_wait", "ok", task=task, **wait, **server)
run("dedicated_server_terminate", "changed", **server)
template = {"template": "/dev/null", **server}
run("installation_template", "OVHResourceNotFound", **template)  # the API has these no more

# Storage.
nas = {
    "nas_service_name": client.get("/dedicated/nasha")[0], "nas_partition_name": "mine", "nas_partition_size": 10,
    "nas_protocol": "NFS", **wait,
}  # fmt: skip
access, snapshots = {"ip": "192.0.2.7/32", "type": "readonly"}, {"type": "day-1"}
module = "dedicated_nasha_manage_partition"
twice(module, nas_partition_description="d", nas_partition_acl=[access], nas_partition_snapshot_type=[snapshots], **nas)
gone = {"state": "absent"}
twice(
    module,
    nas_partition_acl=[{"ip": access["ip"], **gone}], nas_partition_snapshot_type=[{**snapshots, **gone}], **nas,
)  # fmt: skip
twice(module, **nas, **gone)

# Addresses.
block = {"ip": "198.51.100.16/28", "ip_on_firewall": "198.51.100.18"}
run("ip_firewall", "ok", **block, **gone)
twice("ip_firewall", **block)
twice("ip_firewall", enabled=False, **block)
rule = {"sequence": 1, "action": "permit", "protocol": "tcp", "destination_port": 443, "source": "192.0.2.0/24"}
run("ip_firewall_rule", "changed", tcp_option={"option": "established"}, **rule, **block)
run("ip_firewall_rule", "Rule with sequence 1 already exists", **rule, **block)
twice("ip_firewall_rule", **rule, **block, **gone)
twice("ip_firewall", **block, **gone)
run("ip_info", "ok", ip="192.0.2.10")
twice("ip_move", ip="192.0.2.10", service_name="ns2.ip-192-0-2.eu")
twice("ip_reverse", ip="192.0.2.10", reverse="ansible.example.com.")
twice("ip_reverse", ip="198.51.100.18", ip_block=block["ip"], reverse="ansible.example.com.")

# What else an account has.
run("me_sshkey", "ok", ssh_key_name="work")
run("me_sshkey", "OVHResourceNotFound", ssh_key_name="none")
vps = {"service_name": client.get("/vps")[0]}
run("vps_info", "ok", **vps)
twice("vps_display_name", display_name="front", **vps)

# Public cloud.
region = {"region": "GRA11", **project}
flavor = run("public_cloud_flavorid_info", "ok", name="b3-8", **region)["id"]
image = run("public_cloud_imageid_info", "ok", name="Debian 12", **region)["id"]
run("public_cloud_flavorid_info", "Flavor none not found", name="none", **region)
run("public_cloud_imageid_info", "Image none not found", name="none", **region)
key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA ada@example.com"
twice("public_cloud_sshkey", name="mine", public_cloud_ssh_key=key, **region)
key_id = run("public_cloud_sshkey_id", "ok", public_cloud_sshkey_name="mine", **project)["id"]
run("public_cloud_sshkey_id", "No ssh key none", public_cloud_sshkey_name="none", **project)
network = client.get(f"/cloud/project/{project['service_name']}/network/private")[0]
part = {"private_network": network["id"], "region": network["regions"][0]["region"], **project}
private = run("public_cloud_private_network_info", "ok", **part)["openstack_id"]
made_of = {"flavor_id": flavor, "image_id": image, "ssh_key_id": key_id}
twice("public_cloud_instance", name="one", networks=[{"networkId": private}], **made_of, **region)
run("public_cloud_instance", "changed", name="one", force_reinstall=True, **made_of, **region)
instance = {"instance_id": run("public_cloud_instance_id", "ok", instance_name="one", **region)["id"], **project}
run("public_cloud_instance_id", "No instance none", instance_name="none", **region)
run("public_cloud_instance_info", "ok", **instance)
twice("public_cloud_monthly_billing", **instance)
card = {"interface_ip": "10.0.0.7", "interface_openstack_id": private}
run("public_cloud_instance_interface", "changed", **card, **instance)
run("public_cloud_instance_flavor_change", "changed", flavor_id=flavor, **instance)
twice("public_cloud_block_storage", name="disk", size=10, **region)
disk = run("public_cloud_block_storage", "ok", name="disk", size=10, **region)["id"]
twice("public_cloud_block_storage_instance", volume_id=disk, **instance)
twice("public_cloud_block_storage_instance", volume_id=disk, **instance, **gone)
twice("public_cloud_block_storage", name="disk", size=10, **region, **gone)
run("public_cloud_instance_delete", "Instance must not be active", name="one", **region)
run("public_cloud_instance_shelving", "changed", shelve_state="shelved", **instance)
run("public_cloud_instance_shelving", "changed", shelve_state="unshelved", **instance)
run("public_cloud_instance_shelving", "changed", shelve_state="shelved", **instance)
run("public_cloud_instance_delete", "changed", name="one", **region)
bucket = {**region, "region": "GRA", "name": "mine"}
twice("public_cloud_object_storage", **bucket)
run("public_cloud_users_info", "ok", **project)
user = run("public_cloud_user", "changed", role="objectstore_operator", description="mine", **project)
one = {"user_id": user["id"], **project}
run("public_cloud_user_info", "ok", **one)
run("public_cloud_object_storage_policy", "changed", user_name=user["username"], policy="readOnly", **bucket)
run("public_cloud_object_storage_policy", "User none was not found", user_name="none", policy="readOnly", **bucket)
twice("public_cloud_object_storage", **bucket, **gone)
pair = run("public_cloud_user_s3credentials", "changed", **one)
run("public_cloud_user_s3credentials_info", "ok", **one)
twice("public_cloud_user_s3credentials", access=pair["access"], **one, **gone)
twice("public_cloud_user", **one, **gone)

print(json.dumps({"outcomes": outcomes, "ovh": ovh.__name__}))
sys.stdout.flush()
