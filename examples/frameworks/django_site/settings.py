import os

SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY", "only-for-this-example")
INSTALLED_APPS = ["cloud"]
USE_TZ = True

# Arguments of the client; what is not here comes from OVH_* variables and ovh.conf, as always.
OVHCORE = {"endpoint": "ovh-eu", "timeout": 30, "user_agent": "my-site/1.0"}
