// A desktop that evaluates locally: prints what each call is served by a payload.
// node growthbook.mjs PAYLOAD.json FEATURE CALLS.json, where the payload may be an address to fetch it from
import { readFileSync } from "node:fs";
import { GrowthBook } from "@growthbook/growthbook";

const [source, feature, calls] = process.argv.slice(2);
const [, host, clientKey] = source.match(/^(http:.*)\/api\/features\/(.*)$/) ?? [];
const growthbook = new GrowthBook(host ? { apiHost: host, clientKey } : {});
if (host) {
  const { success, error } = await growthbook.init({ timeout: 5000 });
  if (!success) throw error;
} else {
  growthbook.initSync({ payload: JSON.parse(readFileSync(source, "utf8")) });
}
const told = [];
for (const attributes of JSON.parse(readFileSync(calls, "utf8"))) {
  growthbook.setAttributes(attributes);
  const { value, experimentResult } = growthbook.evalFeature(feature);
  told.push([value.script, value.version, value.invite, value.experiment, value.arm, experimentResult?.key ?? null]);
}
process.stdout.write(JSON.stringify(told), () => process.exit(0)); // leaves when all is written
