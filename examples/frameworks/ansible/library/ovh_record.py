#!/usr/bin/python
"""A module of Ansible: a record of a DNS zone. It needs ovhcore and nothing else: the transport is Python's own."""

DOCUMENTATION = """
module: ovh_record
short_description: A record of a DNS zone at OVHcloud
options:
  zone: {description: The zone., type: str, required: true}
  name: {description: The name within the zone; empty for the zone itself., type: str, default: ""}
  type: {description: The type of the record., type: str, required: true}
  value: {description: The target of the record., type: str, required: true}
  ttl: {description: Seconds that others may keep it., type: int, default: 3600}
  state: {description: Whether the record is there., type: str, choices: [present, absent], default: present}
  endpoint: {description: Name or URL of the endpoint; else as OVH_ENDPOINT or ovh.conf says., type: str}
  application_key: {description: The application key; else as settings say., type: str}
  application_secret: {description: The application secret., type: str}
  consumer_key: {description: The consumer key., type: str}
  transport: {description: What sends., type: str, default: stdlib}
"""

from ansible.module_utils.basic import AnsibleModule

try:
    import ovhcore as ovh
except ImportError:
    ovh = None

SETTINGS = {
    "endpoint": {"type": "str"},
    "application_key": {"type": "str", "no_log": True},
    "application_secret": {"type": "str", "no_log": True},
    "consumer_key": {"type": "str", "no_log": True},
    "transport": {"type": "str", "default": "stdlib"},
}
OPTIONS = {
    "zone": {"type": "str", "required": True},
    "name": {"type": "str", "default": ""},
    "type": {"type": "str", "required": True},
    "value": {"type": "str", "required": True},
    "ttl": {"type": "int", "default": 3600},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def steps(client, wanted):
    """Return the calls that make the zone as it is wanted; none if it is already."""
    zone = wanted["zone"]
    ids = client.get("/domain/zone/{zone}/record", zone=zone, fieldType=wanted["type"], subDomain=wanted["name"])
    there = client.batch("/domain/zone/{zone}/record/{id}", ids, zone=zone)
    same = [record for record in there if record["target"] == wanted["value"]]
    path = f"/domain/zone/{zone}/record"
    if wanted["state"] == "absent":
        return [("DELETE", f"{path}/{record['id']}", None) for record in same]
    body = {"subDomain": wanted["name"], "target": wanted["value"], "ttl": wanted["ttl"]}
    if not same:
        return [("POST", path, {"fieldType": wanted["type"], **body})]
    return [("PUT", f"{path}/{record['id']}", body) for record in same if record["ttl"] != wanted["ttl"]]


def main():
    module = AnsibleModule(argument_spec={**SETTINGS, **OPTIONS}, supports_check_mode=True)
    if ovh is None:
        module.fail_json(msg="The module needs ovhcore on the host: pip install ovhcore")
    try:
        with ovh.Client(**{name: module.params[name] for name in SETTINGS}) as client:
            calls = steps(client, module.params)
            shown = [f"{method} {path}" for method, path, _ in calls]
            if calls and not module.check_mode:
                for call in calls:
                    client.call(*call)
                client.post("/domain/zone/{zone}/refresh", zone=module.params["zone"])
            module.exit_json(changed=bool(calls), calls=shown)
    except ovh.exceptions.APIError as error:
        module.fail_json(msg=str(error), status=error.status, query_id=error.query_id, hint=error.hint)


if __name__ == "__main__":
    main()
