"""gevent: the blocking client in greenlets. Run it: OVH_TRANSPORT=urllib3 python gevent_bills.py"""

from gevent import monkey

monkey.patch_all()  # before anything else is imported

from gevent.pool import Pool

import ovhcore as ovh

with ovh.Client() as client:
    bills = Pool(10).map(lambda bill_id: client.get("/me/bill/{billId}", billId=bill_id), client.get("/me/bill"))
    print(len(bills), sum(bill["priceWithTax"]["value"] for bill in bills))
