// A backend's provider: evaluates some flags one after the other and prints what it was told.
// node ofrep_server.mjs ADDRESS TOKEN [{flag, context}, ...]
import { OpenFeature } from "@openfeature/server-sdk";
import { OFREPProvider } from "@openfeature/ofrep-provider";

const [address, token, asked] = process.argv.slice(2);
const provider = new OFREPProvider({ baseUrl: address, headers: [["Authorization", `Bearer ${token}`]] });
await OpenFeature.setProviderAndWait(provider);
const client = OpenFeature.getClient();
const told = [];
for (const { flag, context } of JSON.parse(asked)) {
  told.push(await client.getObjectDetails(flag, { none: true }, context));
}
console.log(JSON.stringify(told));
await OpenFeature.close();
