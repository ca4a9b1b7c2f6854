import { createTheme, type MantineThemeComponents } from "@mantine/core";

// Named, not imported: what the first page does not show is not loaded with it.
const components: MantineThemeComponents = {
  Button: { defaultProps: { size: "xs", variant: "default" } },
  ActionIcon: { defaultProps: { variant: "subtle", color: "gray", size: 30 } },
  Checkbox: { defaultProps: { size: "xs" } },
  TextInput: { defaultProps: { size: "sm" } },
  PasswordInput: { defaultProps: { size: "sm" } },
  Textarea: { defaultProps: { size: "sm" } },
  Select: { defaultProps: { size: "sm", checkIconPosition: "right" } },
  SegmentedControl: { defaultProps: { size: "xs" } },
  Tabs: { defaultProps: { keepMounted: false } },
  TabsPanel: { defaultProps: { tabIndex: 0 } }, // it may scroll, and hold nothing that takes the focus
  Menu: { defaultProps: { shadow: "md", position: "bottom-end", transitionProps: { duration: 80 } } },
  Popover: { defaultProps: { shadow: "md", transitionProps: { duration: 80 } } },
  Modal: {
    defaultProps: { centered: true, lockScroll: false, transitionProps: { duration: 100 }, overlayProps: { backgroundOpacity: 0.35 }, closeButtonProps: { "aria-label": "Close" } },
  },
  Tooltip: { defaultProps: { openDelay: 300, transitionProps: { duration: 80 } } },
};

// The one theme. Colours are CSS variables in tokens.css, so that no style is
// injected at run time and the policy can forbid inline styles.
export const theme = createTheme({
  primaryColor: "blue",
  fontFamily: "var(--font)",
  cursorType: "pointer",
  respectReducedMotion: true,
  components,
});
