"""Customers write e-mail to a running desk, and are answered by e-mail."""

from email.message import EmailMessage

from tests.e2e.plugins.email.conftest import Correspondence
from tests.e2e.resilience.model import Model
from tests.e2e.resilience.processes import Hexdesk
from tests.integration.plugins.email.letters import a_letter
from tests.openai_server import Behaviour, Bench, Reply


def answering(text: str) -> Behaviour:
    return lambda _: Reply(text=text)


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert isinstance(part, EmailMessage)
    return str(part.get_content())


async def test_a_customer_writes_is_answered_and_writes_again(
    mailbox: Correspondence, model: Model
) -> None:
    model.when("Where is my parcel?", answering("It has **shipped**."))
    model.when("When will it come?", answering("Tomorrow."))
    question = a_letter("Where is my parcel?", to=mailbox.dovecot.address)
    mailbox.brings(question)
    [first] = await mailbox.sent(1)
    assert first["To"] == "Zoë <zoe@customer.test>"
    assert first["In-Reply-To"] == question["Message-ID"]
    assert first["Auto-Submitted"] == "auto-replied"
    reply = a_letter("When will it come?\n\n> It has shipped.", in_reply_to=first["Message-ID"])
    mailbox.brings(reply)
    _, second = await mailbox.sent(2)
    assert second["In-Reply-To"] == reply["Message-ID"]
    by_address = a_letter("Thanks!", subject="Something else", to=str(second["Reply-To"]))
    model.when("Thanks!", answering("Gladly."))
    mailbox.brings(by_address, to=str(second["Reply-To"].addresses[0].addr_spec))
    await mailbox.sent(3)
    [thread] = await mailbox.threads(1)
    assert thread["channel"] == "email"
    assert await mailbox.contents(thread) == [
        "Where is my parcel?",
        "It has **shipped**.",
        "When will it come?",
        "Tomorrow.",
        "Thanks!",
        "Gladly.",
    ]


async def test_whoever_proves_nothing_opens_a_ticket_and_sees_no_history(
    mailbox: Correspondence, model: Model
) -> None:
    model.when("My secret is blue.", answering("Noted."))
    model.when("What is my secret?", answering("I do not know."))
    mailbox.brings(a_letter("My secret is blue.", to=mailbox.dovecot.address))
    [first] = await mailbox.sent(1)
    forged = a_letter("What is my secret?", in_reply_to=first["Message-ID"])
    mailbox.brings(forged, is_proven=False)
    await mailbox.sent(2)
    own, strangers = await mailbox.threads(2)
    assert await mailbox.contents(own) == ["My secret is blue.", "Noted."]
    assert await mailbox.contents(strangers) == ["What is my secret?", "I do not know."]
    [asked] = model.requests("What is my secret?")
    assert "blue" not in str(asked.messages)
    assert asked.tool_names == ("create_ticket",)
    tickets = (await mailbox.admin.get("/tickets"))["data"]
    assert [(ticket["source"], ticket["tags"]) for ticket in tickets] == [("email", ["unverified"])]


async def test_a_ticket_shows_its_conversation_and_a_person_answers_by_mail(
    mailbox: Correspondence, model: Model
) -> None:
    model.when(
        "My parcel is broken.",
        Bench(tool="create_ticket", arguments={"title": "Broken parcel"}, text="I told them."),
    )
    question = a_letter("My parcel is broken.", to=mailbox.dovecot.address)
    mailbox.brings(question)
    [first] = await mailbox.sent(1)
    [ticket] = (await mailbox.admin.get("/tickets"))["data"]
    [thread] = await mailbox.threads(1)
    assert (ticket["title"], ticket["thread_id"]) == ("Broken parcel", thread["id"])
    assert f"Ticket #{ticket['number']}: Broken parcel" in body(first, "plain")
    path = f"/chat/threads/{ticket['thread_id']}"
    await mailbox.admin.call("POST", f"{path}/handoff")
    known = f"{question['Message-ID']} {first['Message-ID']}"
    followed = a_letter("Is anybody there?", references=known)
    mailbox.brings(followed)
    await mailbox.said("Is anybody there?", thread)
    reply = await mailbox.admin.call("POST", f"{path}/reply", {"content": "I am **Ada**."})
    assert reply.status == 201, reply.body
    _, second = await mailbox.sent(2)
    assert (second["To"], second["Subject"]) == ("Zoë <zoe@customer.test>", "Re: My parcel")
    assert second["In-Reply-To"] == followed["Message-ID"]
    assert second["References"] == f"{known} {followed['Message-ID']}"
    assert second["Auto-Submitted"] is None
    assert "<strong>Ada</strong>" in body(second, "html")
    assert model.requests("Is anybody there?") == []
    assert await mailbox.contents(thread) == [
        "My parcel is broken.",
        "I told them.",
        "Is anybody there?",
        "I am **Ada**.",
    ]


async def test_mail_that_is_handed_over_is_answered_as_any_other(
    mailbox: Correspondence, model: Model
) -> None:
    model.when("What does it cost?", answering("Nothing."))
    sales = await mailbox.handed_over()
    question = a_letter("What does it cost?", to="sales@desk.test")
    await sales.hand_over(question)
    [answer] = await sales.sent(1)
    assert answer["From"] == "sales@desk.test"
    assert answer["In-Reply-To"] == question["Message-ID"]


async def test_two_machines_do_not_write_to_each_other(
    mailbox: Correspondence, model: Model
) -> None:
    model.when("Are you there?", answering("Yes."))
    away = a_letter("I am away.", auto_submitted="auto-replied", to=mailbox.dovecot.address)
    mailbox.brings(away)
    mailbox.brings(a_letter("Are you there?", to=mailbox.dovecot.address))
    [only] = await mailbox.sent(1)
    assert "Yes." in only.as_string()
    assert len(await mailbox.threads(2)) == 2
    assert model.requests("I am away.") == []


async def test_a_file_that_comes_with_a_mail_is_taken_in(
    mailbox: Correspondence, model: Model
) -> None:
    model.when("See the list.", answering("I see."))
    mail = a_letter("See the list.", to=mailbox.dovecot.address)
    mail.add_attachment(b"a,b\n1,2\n", maintype="text", subtype="csv", filename="list.csv")
    mailbox.brings(mail)
    await mailbox.sent(1)
    files = (await mailbox.admin.get("/files"))["data"]
    assert [file["filename"] for file in files] == ["list.csv"]


async def test_a_desk_that_is_killed_forgets_no_mail_and_answers_none_twice(
    mailbox: Correspondence, model: Model, desk: Hexdesk
) -> None:
    texts = [f"Question {number}" for number in range(6)]
    for text in texts:
        model.when(text, answering(f"Answer to {text}"))
    model.when(texts[0], model.held(answering("Answer to the first")))
    for text in texts:
        mailbox.brings(a_letter(text, to=mailbox.dovecot.address))
    await model.asked(texts[0])
    desk.kill()
    model.resume()
    await desk.start()
    await mailbox.sent(len(texts))
    model.when("The last one", answering("Answer to the last"))
    mailbox.brings(a_letter("The last one", to=mailbox.dovecot.address))
    sent = await mailbox.sent(len(texts) + 1)
    answered = [mail["In-Reply-To"] for mail in sent]
    assert len(answered) == len(set(answered)) == len(texts) + 1
    assert len(await mailbox.threads(len(texts) + 1)) == len(texts) + 1
