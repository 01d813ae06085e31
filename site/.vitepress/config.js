// The web site is made of README.md and docs, which stay plain Markdown for the forge.
import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";

const root = fileURLToPath(new URL("../..", import.meta.url));
const forge = "https://github.com/qlsync/qlsync";

// The pages of the side bar are those that docs/README.md lists under its headings.
function sidebar() {
  const groups = [
    { text: "Start", items: [
      { text: "Overview", link: "/" },
      { text: "Tutorial", link: "/tutorial/first-project" },
    ] },
  ];
  for (const line of readFileSync(root + "docs/README.md", "utf8").split("\n")) {
    const heading = line.match(/^## (.+)/);
    const page = line.match(/^- \[(.+?)\]\((.+?)\.md\)/);
    if (heading) groups.push({ text: heading[1], items: [] });
    if (page) groups.at(-1).items.push({ text: page[1], link: "/" + page[2] });
  }
  return groups;
}

// anchorOf returns the anchor that the forge gives a heading, so that the links of docs work in both places.
const anchorOf = (heading) => heading.trim().toLowerCase().replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, "").replaceAll(" ", "-");

// pageOf returns the path of a file of the repository on the site, and nothing if the site does not have the file.
function pageOf(file) {
  if (file === "README.md") return "index.md";
  if (file === "docs/README.md") return "contents.md";
  if (file.startsWith("docs/")) return file.slice("docs/".length);
}

function markdown(md) {
  // Vue would compute what is between two braces.
  const text = md.renderer.rules.text;
  md.renderer.rules.text = (...args) => text(...args).replaceAll("{{", "&#123;&#123;");
  // Vite only finds the images of HTML with a path that begins with a dot.
  const block = md.renderer.rules.html_block;
  md.renderer.rules.html_block = (...args) => block(...args).replaceAll('src="docs/', 'src="./docs/');
  // VitePress has a style only for blocks between fences.
  md.renderer.rules.code_block = (...args) => md.renderer.rules.fence(...args);
  // Links name files of the repository. The forge has those that the site does not have.
  md.core.ruler.push("links", ({ tokens, env }) => {
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const target = token.type === "link_open" && token.attrGet("href");
      if (!target || /^([a-z]+:|#)/.test(target)) continue;
      const [path, anchor] = target.split("#");
      const file = posix.join(posix.dirname(posix.relative(root, env.realPath ?? env.path)), path);
      const page = pageOf(file);
      token.attrSet("href", (page ? `/${page}` : `${forge}/tree/main/${file}`) + (anchor ? `#${anchor}` : ""));
    }
  });
}

// The pages are outside of this folder, so Node would not find the packages that they import.
const vue = {
  name: "vue-for-pages",
  enforce: "pre",
  resolveId(id, importer) {
    if (/^vue(\/|$)/.test(id) && importer?.endsWith(".md")) return this.resolve(id, fileURLToPath(import.meta.url), { skipSelf: true });
  },
};

export default defineConfig({
  title: "qlsync",
  description: "Keeps a Qlik Cloud tenant's data connections in sync with YAML files in Git.",
  lang: "en",
  srcDir: "..",
  srcExclude: ["!(docs)/**/*", "!(README).md"],
  outDir: "../bin/site",
  cacheDir: "node_modules/.cache/vitepress",
  rewrites: pageOf,
  markdown: {
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    anchor: { slugify: anchorOf },
    config: markdown,
  },
  vite: { plugins: [vue] },
  themeConfig: {
    nav: [
      { text: "Tutorial", link: "/tutorial/first-project" },
      { text: "How-to guides", link: "/contents#how-to-guides" },
      { text: "Reference", link: "/contents#reference" },
      { text: "Explanation", link: "/contents#explanation" },
    ],
    sidebar: sidebar(),
    outline: { level: [2, 3] },
    search: { provider: "local" },
    socialLinks: [{ icon: "github", link: forge }],
    editLink: { pattern: `${forge}/edit/main/:path` },
    externalLinkIcon: true,
  },
});
