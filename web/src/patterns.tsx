// SPDX-License-Identifier: LGPL-2.1-or-later
// Each part has a colour and a pattern, so that colour alone never distinguishes it. The colours are
// in the style sheet; this file draws them, for SVG and for a canvas.

import type { JSX } from "preact";

type Weave = "plain" | "rising" | "falling" | "across" | "upright" | "dots" | "grid" | "cross" | "void";

const WEAVES: Record<string, Weave> = {
  // The host's parts.
  xen: "plain",
  dom0: "upright",
  domains: "plain",
  overhead: "rising",
  unexplained: "cross",
  claimed: "dots",
  reserved: "falling",
  slack: "across",
  scrub: "grid",
  free: "void",
  other: "cross",
  // A guest's segments.
  shadow: "rising",
  iommu: "grid",
  extra_external: "dots",
  extra_internal: "across",
  video: "upright",
  guest: "plain",
  balloon: "void",
};

export const weaveOf = (key: string): Weave => WEAVES[key] ?? "cross";

const LINES: Record<Exclude<Weave, "dots">, string> = {
  plain: "",
  rising: "M-2 10 L10 -2 M-2 2 L2 -2 M6 10 L10 6",
  falling: "M-2 -2 L10 10 M-2 6 L2 10 M6 -2 L10 2",
  across: "M0 4 H8",
  upright: "M4 0 V8",
  grid: "M0 4 H8 M4 0 V8",
  cross: "M-2 10 L10 -2 M-2 -2 L10 10",
  void: "M-2 10 L10 -2",
};

/** Once per page: the definitions that `fillOf` refers to. */
export function Patterns(): JSX.Element {
  return (
    <svg class="defs" width="0" height="0" aria-hidden="true" focusable="false">
      <defs>
        {Object.entries(WEAVES).map(([key, weave]) => (
          <pattern key={key} id={`fill-${key}`} width="8" height="8" patternUnits="userSpaceOnUse">
            <rect class={`ink-${key}`} width="8" height="8" />
            {weave === "dots" ? (
              <circle class="weave-dot" cx="4" cy="4" r="1.6" />
            ) : weave === "plain" ? null : (
              <path class={weave === "void" ? "weave-void" : "weave"} d={LINES[weave]} />
            )}
          </pattern>
        ))}
      </defs>
    </svg>
  );
}

export const fillOf = (key: string): string => `url(#fill-${WEAVES[key] ? key : "other"})`;

/** The same for a canvas; `style` has the present colours. */
export function canvasFill(key: string, style: CSSStyleDeclaration): CanvasPattern | string {
  const ink = style.getPropertyValue(`--ink-${WEAVES[key] ? key : "other"}`).trim();
  const weave = weaveOf(key);
  const ratio = window.devicePixelRatio || 1;
  const tile = document.createElement("canvas");
  tile.width = tile.height = Math.round(8 * ratio);
  const draw = tile.getContext("2d");
  if (!draw || weave === "plain") return ink;
  draw.scale(tile.width / 8, tile.height / 8);
  draw.fillStyle = ink;
  draw.fillRect(0, 0, 8, 8);
  draw.strokeStyle = draw.fillStyle = style.getPropertyValue(weave === "void" ? "--weave-void" : "--weave").trim();
  draw.lineWidth = 1.4;
  if (weave === "dots") {
    draw.beginPath();
    draw.arc(4, 4, 1.6, 0, 7);
    draw.fill();
  } else {
    draw.stroke(new Path2D(LINES[weave]));
  }
  return draw.createPattern(tile, "repeat") ?? ink;
}

export function Swatch({ part }: { part: string }): JSX.Element {
  return (
    <svg class="swatch" width="16" height="16" aria-hidden="true" focusable="false">
      <rect class="outline" x="0.75" y="0.75" width="14.5" height="14.5" rx="3" fill={fillOf(part)} />
    </svg>
  );
}
