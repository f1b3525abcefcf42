/** The mark of the product. */
export function Mark({ size = 24 }: { size?: number }) {
  return (
    <span
      aria-hidden="true"
      className="forced-edge grid flex-none place-items-center rounded-2 bg-fg text-canvas"
      style={{ width: size, height: size }}
    >
      <svg width={(size * 14) / 24} height={(size * 14) / 24} viewBox="0 0 14 14" aria-hidden="true">
        <path
          d="M1 8h2.6l1.8-5 3 8.5L10.2 6H13"
          fill="none"
          stroke="currentColor"
          strokeWidth="1.7"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </svg>
    </span>
  );
}
