import react from "@vitejs/plugin-react";
import { readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";

// A page is one file: its component, and an exported `page` that says where
// it stands. The frame needs every page's `page` at once but its component
// only when opened, so `import "./x.tsx?page"` yields that statement alone,
// with the icons it names.
function pages(): Plugin {
  const suffix = "?page";
  return {
    name: "bulwark-pages",
    enforce: "pre",
    load(id) {
      if (!id.endsWith(suffix)) return null;
      const file = id.slice(0, -suffix.length);
      this.addWatchFile(file);
      const text = readFileSync(file, "utf8");
      const found = /^export const page: Page = (\{[\s\S]*?\});$/m.exec(text);
      if (!found) this.error(`${file}: states no page; begin with "export const page: Page = {"`);
      const body = found[1];
      const icons = [...new Set(body.match(/\bIcon[A-Z]\w*/g) ?? [])];
      const imports = icons.length ? `import { ${icons.join(", ")} } from "@tabler/icons-react";\n` : "";
      return { code: `${imports}export const page = ${body};\n`, moduleType: "js", map: null };
    },
  };
}

const server = process.env.BULWARK_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [pages(), react()],
  server: { host: "127.0.0.1", proxy: { "/api": { target: server, changeOrigin: true } } },
  build: {
    target: "es2023",
    assetsInlineLimit: 0, // the policy allows no data: fonts or scripts
    chunkSizeWarningLimit: 700, // echarts, loaded when a chart is
    reportCompressedSize: true,
    modulePreload: { polyfill: false },
  },
});
