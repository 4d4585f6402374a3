@org.jspecify.annotations.NullMarked
package hako.cli;
