// A desktop's provider: fetches every flag for a context, and again, and for another context; prints the variants, and
// the status of each answer.
// node ofrep_web.mjs ADDRESS TOKEN FLAG [context, ...]
import { OpenFeature } from "@openfeature/web-sdk";
import { OFREPWebProvider } from "@openfeature/ofrep-web-provider";

const [address, token, flag, contexts] = process.argv.slice(2);
const [first, ...others] = JSON.parse(contexts);
const statuses = [];
const fetching = async (...request) => {
  const answer = await fetch(...request);
  statuses.push(answer.status);
  return answer;
};
const provider = new OFREPWebProvider({
  baseUrl: address,
  fetchImplementation: fetching,
  headers: [["Authorization", `Bearer ${token}`]],
  pollInterval: 300,
});
await OpenFeature.setContext(first);
await OpenFeature.setProviderAndWait(provider);
const client = OpenFeature.getClient();
const told = [client.getObjectDetails(flag, { none: true })];
await new Promise((resolve) => setTimeout(resolve, 1000)); // polls a few times meanwhile
const polled = [...statuses];
for (const context of others) {
  await OpenFeature.setContext(context);
  told.push(client.getObjectDetails(flag, { none: true }));
}
console.log(JSON.stringify({ told, polled, statuses }));
await OpenFeature.close();
process.exit(0);
