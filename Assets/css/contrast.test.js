import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const css = readFileSync(new URL("./20-tokens.css", import.meta.url), "utf8");

/** Relative luminance of an OKLCH colour (Ottosson 2020 to linear sRGB, clipped; WCAG 2.2). */
function luminance([l, c, h]) {
  const a = c * Math.cos((h * Math.PI) / 180);
  const b = c * Math.sin((h * Math.PI) / 180);
  const [x, y, z] = [
    (l + 0.3963377774 * a + 0.2158037573 * b) ** 3,
    (l - 0.1055613458 * a - 0.0638541728 * b) ** 3,
    (l - 0.0894841775 * a - 1.291485548 * b) ** 3,
  ];
  const rgb = [
    4.0767416621 * x - 3.3077115913 * y + 0.2309699292 * z,
    -1.2684380046 * x + 2.6097574011 * y - 0.3413193965 * z,
    -0.0041960863 * x - 0.7034186147 * y + 1.707614701 * z,
  ].map((part) => Math.min(1, Math.max(0, part)));
  return 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2];
}

/** Every colour token as [light, dark]. */
const tokens = {};
for (const [, name, value] of css.matchAll(/--([\w-]+): ((?:light-dark\()?oklch\([^;]+);/g)) {
  const colours = [...value.matchAll(/oklch\(([\d.]+)% ([\d.]+) ([\d.]+)\)/g)].map(([, l, c, h]) => [l / 100, +c, +h]);
  if (colours.length > 0) tokens[name] = [colours[0], colours[1] ?? colours[0]];
}

function contrast(front, back, side) {
  const [bright, dim] = [luminance(tokens[front][side]), luminance(tokens[back][side])].sort((p, q) => q - p);
  return (bright + 0.05) / (dim + 0.05);
}

const words = [
  ["ink", ["paper", "surface", "raised", "sunken", "quiet", "green-tint", "marigold-tint", "clay-tint", "sea-tint"]],
  ["ink-soft", ["paper", "surface", "raised", "sunken", "quiet", "green-tint", "marigold-tint", "clay-tint", "sea-tint"]],
  ["ink-faint", ["paper", "surface", "raised", "sunken"]],
  ["green-words", ["paper", "surface", "raised", "sunken", "green-tint"]],
  ["marigold-words", ["paper", "surface", "raised", "marigold-tint"]],
  ["clay-words", ["paper", "surface", "raised", "clay-tint"]],
  ["sea-words", ["paper", "surface", "raised", "sea-tint"]],
  ["on-green", ["green", "green-deep"]],
  ["on-marigold", ["marigold", "marigold-deep"]],
  ["on-clay", ["clay", "clay-deep"]],
];
const shapes = [
  ["line-strong", ["paper", "surface", "raised"]],
  ["green", ["paper", "surface", "raised", "green-tint"]],
  ["clay", ["paper", "surface", "raised"]],
  ["star", ["surface", "paper"]],
];

for (const [least, pairs] of [[4.5, words], [3, shapes]]) {
  for (const [front, backs] of pairs) {
    test(`${front} stands out from what it lies on by ${least} to 1, in light and dark`, () => {
      for (const back of backs) {
        for (const side of [0, 1]) {
          const ratio = contrast(front, back, side);
          assert.ok(ratio >= least, `${front} on ${back} (${side ? "dark" : "light"}): ${ratio.toFixed(2)}`);
        }
      }
    });
  }
}
