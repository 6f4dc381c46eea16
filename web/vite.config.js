// SPDX-License-Identifier: LGPL-2.1-or-later
import { defineConfig } from "vite";

// Everything is served by ballast-web itself: no preload helper, no inlined data, nothing from elsewhere.
export default defineConfig({
  base: "/",
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  build: {
    target: "es2021",
    assetsInlineLimit: 0,
    modulePreload: false,
    cssCodeSplit: false,
    chunkSizeWarningLimit: 300,
    rollupOptions: {
      output: {
        entryFileNames: "assets/page-[hash].js",
        assetFileNames: "assets/page-[hash][extname]",
      },
    },
  },
  server: { proxy: { "/api": "http://127.0.0.1:8433" } },
});
