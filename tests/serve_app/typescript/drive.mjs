// Does what its standard input says with a client, and prints what came of it, one JSON document a line.
import { readFileSync } from "node:fs";

const asked = JSON.parse(readFileSync(0, "utf8"));
const { ScoringClient } = await import(asked.module);
const client = new ScoringClient(asked.url, asked.token, asked.options);
const print = (value) => console.log(JSON.stringify(value));

try {
  if (asked.method === "scoreMany") {
    for await (const told of client.scoreMany(asked.rows, asked.named)) {
      print(told);
    }
  } else if (asked.method === "score") {
    for (const row of asked.rows) {
      print(await client.score(row, asked.named));
    }
  } else {
    print(await client[asked.method](...(asked.values ?? [])));
  }
} catch (error) {
  const { name, message, status, problem, requestId } = error;
  print({ failed: { name, message, status, problem, requestId } });
}
