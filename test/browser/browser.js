// What the tests of all pages share.
import axe from "axe-core";
import { chromium } from "playwright-core";

// open starts Chromium with a profile in a folder, and further options of Playwright.
export const open = (folder, options = {}) => chromium.launchPersistentContext(folder, {
  ...options,
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

// audit returns what axe finds that is serious or critical. The rules are axe's own settings of its rules.
export async function audit(page, rules = {}) {
  await page.evaluate(axe.source + "\n0");
  const { violations } = await page.evaluate((rules) => window.axe.run(document, { resultTypes: ["violations"], rules }), rules);
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.html.slice(0, 120)} ${node.failureSummary}`).join(" | ")}`);
}
