from tests.e2e.resilience.client import Member, check_whole
from tests.e2e.resilience.model import echo


async def test_try(api, http, model):
    ann = await Member.register(http, api.url)
    thread = await ann.thread()
    model.when("hi", echo)
    answer = await ann.say(thread, "hi")
    assert answer.status == 201
    assert answer.content == "You said: hi"
    async with ann.say_streaming(thread, "hi") as s:
        await s.to_end()
        messages = await ann.messages(thread)
        check_whole(s.events, messages[-1])
    print(answer.body, s.events)
