"""Django: makemigrations and migrate, load, a second and third model with altered tables, load again.

Two at once have an app each, and migrate one after the other, as Django asks of its users.
"""
import fcntl
import os
import sqlite3
import subprocess
import sys
import tempfile
import textwrap

MODELS = [
    "name = models.CharField(max_length=20)",
    "name = models.CharField(max_length=80, db_index=True)\n    price = models.IntegerField(default=7)",
    "title = models.CharField(max_length=80, db_index=True)\n    price = models.DecimalField(max_digits=9, decimal_places=2, default=7)\n"
    "    class Meta:\n        constraints = [models.UniqueConstraint(fields=['who', 'n'], name='one')]",
]
LOAD = """
import django, os, sys
django.setup()
from django.db import transaction
from APP.models import Item
who, first, last = os.environ['WHO'], int(sys.argv[1]), int(sys.argv[2])
for n in range(first, last + 1):
    with transaction.atomic():
        Item.objects.create(who=who, n=n)
    try:
        with transaction.atomic():
            Item.objects.filter(who=who).update(who='nobody')
            raise KeyError
    except KeyError:
        pass
    assert Item.objects.filter(who=who).count() == n
"""


def main():
    file, mode, who, count, backup = sys.argv[1:6]
    count = int(count)
    app = "shop" + who[-1]
    table = app + "_item"
    with tempfile.TemporaryDirectory() as project:
        os.makedirs("%s/%s/migrations" % (project, app))
        for name in (app + "/__init__.py", app + "/migrations/__init__.py"):
            open(os.path.join(project, name), "w").close()
        with open(project + "/settings.py", "w") as f:
            f.write(textwrap.dedent("""
                SECRET_KEY = 'x'
                INSTALLED_APPS = ['django.contrib.contenttypes', 'django.contrib.auth', %r]
                DEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'
                DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': %r, 'OPTIONS': {
                    'timeout': 60, 'transaction_mode': 'IMMEDIATE', 'init_command': 'PRAGMA journal_mode=%s'}}}
                """ % (app, file, mode)))
        with open(project + "/load.py", "w") as f:
            f.write(LOAD.replace("APP", app))
        env = dict(os.environ, DJANGO_SETTINGS_MODULE="settings", PYTHONPATH=project, WHO=who)

        def run(*words):
            subprocess.run([sys.executable, *words], cwd=project, env=env, check=True, stdout=subprocess.DEVNULL)
        done = 0
        for i, fields in enumerate(MODELS):
            with open("%s/%s/models.py" % (project, app), "w") as f:
                f.write("from django.db import models\nclass Item(models.Model):\n    who = models.CharField(max_length=20)\n"
                        "    n = models.IntegerField()\n    " + fields + "\n")
            if i == 2:
                # What makemigrations would ask about.
                with open("%s/%s/migrations/0003_title.py" % (project, app), "w") as f:
                    f.write("from django.db import migrations\nclass Migration(migrations.Migration):\n"
                            "    dependencies = [(%r, '0002_m1')]\n"
                            "    operations = [migrations.RenameField('item', 'name', 'title')]\n" % app)
            run("-m", "django", "makemigrations", app, "-n", "m%d" % i if i else "initial")
            with open(os.path.join(tempfile.gettempdir(), os.path.basename(file) + ".migrating"), "w") as turn:
                fcntl.flock(turn, fcntl.LOCK_EX)
                run("-m", "django", "migrate", "-v", "0")
            until = count * (i + 1) // len(MODELS)
            run("load.py", str(done + 1), str(until))
            done = until
        db = sqlite3.connect(file, timeout=60, isolation_level=None)
        db.execute("VACUUM INTO ?", (backup,))
        db.execute("VACUUM")
        db.close()
    print(table, count)


main()
