"""encrypt.py DIRECTORY DOCUMENT OUTPUT: LibreOffice stores the document as OUTPUT, behind the password "secret"."""

import os
import subprocess
import sys
import time

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException

FILTERS = {"odt": "writer8", "docx": "MS Word 2007 XML", "doc": "MS Word 97", "xlsx": "Calc MS Excel 2007 XML"}

directory, document, output = map(os.path.abspath, sys.argv[1:])
pipe = f"pipe,name=trawl{os.getpid()};urp;"
office = subprocess.Popen(["soffice", f"-env:UserInstallation=file://{directory}/lo", "--headless", f"--accept={pipe}"])
context = uno.getComponentContext()
resolver = context.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", context)
for attempt in range(300):
    try:
        remote = resolver.resolve(f"uno:{pipe}StarOffice.ComponentContext")
        break
    except NoConnectException:
        time.sleep(0.1)
desktop = remote.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", remote)


def properties(**named):
    return tuple(PropertyValue(name, 0, value, 0) for name, value in named.items())


loaded = desktop.loadComponentFromURL("file://" + document, "_blank", 0, properties(Hidden=True))
loaded.storeToURL("file://" + output,
                  properties(FilterName=FILTERS[output.rsplit(".", 1)[1]], Password="secret"))
loaded.close(True)
try:
    desktop.terminate()
except Exception:  # the connection ends with the process
    pass
office.wait()
