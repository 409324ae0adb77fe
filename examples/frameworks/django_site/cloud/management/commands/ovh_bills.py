from django.core.management.base import BaseCommand, CommandError

import ovhcore as ovh
from cloud import client


class Command(BaseCommand):
    help = "List the bills of the account."

    def add_arguments(self, parser):
        parser.add_argument("--since", default="2000-01-01", help="the day of the first, as 2026-01-31")

    def handle(self, *args, since, **options):
        try:
            for bill in client().iterate("/me/bill", **{"date.from": since}):
                self.stdout.write(f"{bill['date'][:10]} {bill['billId']} {bill['priceWithTax']['text']}")
        except ovh.exceptions.APIError as error:
            raise CommandError(str(error)) from error
