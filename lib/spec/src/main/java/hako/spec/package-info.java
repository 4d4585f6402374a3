@org.jspecify.annotations.NullMarked
package hako.spec;
