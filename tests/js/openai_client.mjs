// Asks a running service with OpenAI's client for JavaScript, and prints what came as JSON.
// Run by tests/web/openai/test_javascript_client.py: node openai_client.mjs BASE_URL KEY QUESTION FOLLOW_UP

import OpenAI from "openai";

const [baseURL, apiKey, question, followUp] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const messages = [{ role: "user", content: question }];

const models = [];
for await (const model of client.models.list()) models.push(model.id);

const whole = await client.chat.completions.create({ model: "citewell", messages });

let streamed = "";
let citations = [];
let finished = null;
for await (const chunk of await client.chat.completions.create({ model: "citewell", messages, stream: true })) {
  const [choice] = chunk.choices;
  streamed += choice.delta.content ?? "";
  citations = citations.concat(choice.delta.annotations ?? []);
  finished = choice.finish_reason ?? finished;
}

const said = [...messages, whole.choices[0].message, { role: "user", content: followUp }];
const followed = await client.chat.completions.create({ model: "citewell", messages: said });

const response = await client.responses.create({ model: "citewell", input: question, store: true });
const next = await client.responses.create({
  model: "citewell",
  input: followUp,
  previous_response_id: response.id,
});
const types = [];
let completed = null;
for await (const event of await client.responses.create({ model: "citewell", input: question, store: false, stream: true })) {
  types.push(event.type);
  if (event.type === "response.completed") completed = event.response;
}

let refused = null;
try {
  await client.chat.completions.create({ model: "gpt-4o", messages });
} catch (error) {
  refused = { name: error.constructor.name, status: error.status, code: error.code, param: error.param };
}

console.log(
  JSON.stringify({
    models,
    text: whole.choices[0].message.content,
    annotations: whole.choices[0].message.annotations,
    streamed,
    citations,
    finished,
    followed: followed.citewell.stand_alone_question,
    responded: response.output_text,
    next: next.citewell.stand_alone_question,
    types: [...new Set(types)],
    completed: completed.output[0].content[0].text,
    refused,
  }),
);
