"""mail.py KIND OUTPUT: a message by Python's email package, with what mail carries: eml, mbox, maildir, mhtml."""

import email.policy
import mailbox
import sys
from email.message import EmailMessage
from email.mime.image import MIMEImage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

DATA = Path(__file__).resolve().parents[1]
FROM_LINE = "anna@example.org Thu Mar  4 05:06:07 2021"


def letter(kind, number=1):
    """Alternative bodies, without attachments."""
    message = EmailMessage()
    message["From"] = "Anna Fischer <anna@example.org>"
    message["To"] = "Bert Lötse <bert@example.org>"
    message["Cc"] = "Clara Kutter <clara@example.org>"
    message["Subject"] = f"Catch of the {kind} – Küste {number}"
    message["Date"] = "Thu, 04 Mar 2021 05:06:07 +0000"
    message["Message-ID"] = f"<squid{number}@example.org>"
    message.set_content(f"Mackerel swim through the {kind} body, letter {number}.\nGrüße von der Küste!\n")
    message.add_alternative(
        f"<html><head><style>.squid {{ color: squidcolour }}</style></head><body><p>Mackerel swim through the {kind}"
        f" <b>body</b>, letter {number}.</p></body></html>", subtype="html")
    return message


def full(kind):
    """With attachments: text, an office document, a whole message."""
    message = letter(kind)
    message.add_attachment(f"Text file stowed in the {kind} message.\n", filename="stowed.txt")
    message.add_attachment((DATA / "office" / "letter.docx").read_bytes(), maintype="application",
                           subtype="vnd.openxmlformats-officedocument.wordprocessingml.document", filename="letter.docx")
    message.add_attachment((DATA / "picture" / "boat.gif").read_bytes(), maintype="image", subtype="gif",
                           filename="Böot.gif")
    nested = letter(kind + "nested", 2)
    nested.add_attachment("species,tonnes\nhalibut,stowed in the nested " + kind + "\n", subtype="csv",
                          filename="deep.csv")
    message.add_attachment(nested)
    return message


def eml(output):
    output.write_bytes(full("eml").as_bytes(policy=email.policy.SMTP))


def mbox(output):
    output.unlink(missing_ok=True)
    box = mailbox.mbox(output)
    for message in (full("mbox"), letter("mboxlast", 3)):
        wrapped = mailbox.mboxMessage(message)
        wrapped.set_from(FROM_LINE)
        box.add(wrapped)
    box.close()


def maildir(output):
    output.write_bytes(full("maildir").as_bytes(policy=email.policy.default))


def mhtml(output):
    """What a browser stores: a page and its picture as one file."""
    page = MIMEText((DATA / "masters" / "web" / "page.html").read_text().replace("@K@", "mhtml"), "html", "utf-8")
    page["Content-Location"] = "https://example.org/page.html"
    picture = MIMEImage((DATA / "picture" / "boat.gif").read_bytes())
    picture["Content-Location"] = "https://example.org/x.png"
    whole = MIMEMultipart("related", type="text/html")
    whole["From"] = "<Saved by Blink>"
    whole["Subject"] = "Catch of the mhtml"
    whole["Date"] = "Thu, 04 Mar 2021 05:06:07 +0000"
    whole.attach(page)
    whole.attach(picture)
    output.write_bytes(whole.as_bytes(policy=email.policy.SMTP))


{"eml": eml, "mbox": mbox, "maildir": maildir, "mhtml": mhtml}[sys.argv[1]](Path(sys.argv[2]))
